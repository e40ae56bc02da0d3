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

  /// The parameters that have gradients.
  private func moving() throws(TensorError) -> [(index: Int, gradient: Tensor)] {
    var moving: [(index: Int, gradient: Tensor)] = []
    for (i, parameter) in parameters.enumerated() {
      if let gradient = try parameter.tensor.gradient() { moving.append((i, gradient)) }
    }
    return moving
  }

  /// Scales the accumulated gradients together to at most a norm, as `torch.nn.utils.clip_grad_norm_` does.
  ///
  /// - Parameter clip: the norm; `nil` leaves them as they are.
  /// - Returns: the norm of all gradients together before that, a scalar of the device, so that nobody waits for it who need not;
  ///   `nil` where there are none.
  public func clip(to clip: Double?) throws(TensorError) -> Tensor? {
    let moving = try moving()
    return try moving.isEmpty ? nil : Tensor.clip(moving.map(\.gradient), to: clip)
  }

  /// One update from the accumulated gradients, which are then forgotten.
  public func update(learningRate: Double) throws(TensorError) {
    let moving = try moving()
    step += 1
    if moving.isEmpty { return }
    try rule.update(
      moving.map { parameters[$0.index].tensor }, gradients: moving.map(\.gradient),
      firstMoments: moving.map { firstMoments[$0.index] }, secondMoments: moving.map { secondMoments[$0.index] },
      step: step, learningRate: learningRate)
    for parameter in parameters { try parameter.tensor.clearGradient() }
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
