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
    var norms: [Tensor] = []
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = try parameter.tensor.gradient() else { continue }
      norms.append(try gradient.norm().reshaped([1]))
      moving.append((i, gradient))
    }
    // Read at once: on a GPU each reading waits for everything before it.
    let read = norms.isEmpty ? [] : try Tensor.concatenated(norms, along: 0).values(as: Double.self)
    let norm = read.reduce(0) { $0 + $1 * $1 }.squareRoot()
    if let clip, norm.isFinite, norm > 0 {
      let factor = clip / (norm + 1e-6)
      if factor < 1 { for entry in moving { try entry.gradient.scale(by: factor) } }
    }
    try afterClipping()
    step += 1
    guard !moving.isEmpty else { return norm }
    try rule.update(
      moving.map { parameters[$0.index].tensor }, gradients: moving.map(\.gradient),
      firstMoments: moving.map { firstMoments[$0.index] }, secondMoments: moving.map { secondMoments[$0.index] },
      step: step, learningRate: learningRate)
    for parameter in parameters { try parameter.tensor.clearGradient() }
    return norm
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
