public import Interventions
public import Tensors

/// AdamW over a fixed list of parameters, with its moments.
public final class AdamW {
  /// The trained leaves; their names name the moments in a saved state.
  public let parameters: [NamedTensor]
  /// The constants of the update.
  public let rule: FusedAdamW
  /// Updates done so far.
  public private(set) var step = 0
  private let firstMoments: [Tensor]
  private let secondMoments: [Tensor]

  /// An optimiser before its first update, all moments zero.
  ///
  /// - Parameter rule: beta1, beta2, epsilon and weight decay.
  public init(_ parameters: [NamedTensor], rule: FusedAdamW) throws(TensorError) {
    self.parameters = parameters
    self.rule = rule
    var moments: [Tensor] = []
    for parameter in parameters + parameters {
      moments.append(try Tensor.zeros(parameter.tensor.shape, on: parameter.tensor.device))
    }
    firstMoments = Array(moments.prefix(parameters.count))
    secondMoments = Array(moments.suffix(parameters.count))
  }

  /// One update from the accumulated gradients, which are then forgotten.
  ///
  /// - Parameters:
  ///   - clip: the gradients are scaled together to at most this norm, as `torch.nn.utils.clip_grad_norm_` does.
  ///   - afterClipping: called before the parameters move, for those who change gradients.
  /// - Returns: the norm of all gradients together, before clipping.
  @discardableResult
  public func update(
    learningRate: Double, clip: Double?, afterClipping: () throws(TensorError) -> Void = {}
  ) throws(TensorError) -> Double {
    var moving: [(index: Int, gradient: Tensor)] = []
    for (i, parameter) in parameters.enumerated() {
      if let gradient = try parameter.tensor.gradient() { moving.append((i, gradient)) }
    }
    let norm = try moving.isEmpty ? nil : Tensor.clip(moving.map(\.gradient), to: clip)
    try afterClipping()
    step += 1
    guard let norm else { return 0 }
    try rule.update(
      moving.map { parameters[$0.index].tensor }, gradients: moving.map(\.gradient),
      firstMoments: moving.map { firstMoments[$0.index] }, secondMoments: moving.map { secondMoments[$0.index] },
      step: step, learningRate: learningRate)
    for parameter in parameters { try parameter.tensor.clearGradient() }
    return try norm.item()
  }

  /// The moments, named after their parameters.
  public var state: [NamedTensor] {
    zip(parameters, firstMoments).map { NamedTensor("first." + $0.name, $1) }
      + zip(parameters, secondMoments).map { NamedTensor("second." + $0.name, $1) }
  }

  /// Puts back moments and step of a saved run.
  public func restore(_ tensors: SavedTensors, step: Int) throws {
    for target in state { try target.tensor.assign(tensors.take(target.name, target.tensor.shape)) }
    self.step = step
  }
}
