public import Interventions
public import Tensors
import Testing

/// Updates of AdamW without weight decay, as the references' runs take them.
public struct Descent {
  private let interventions: [any Intervention]
  private let parameters: [Tensor]
  private let first, second: [Tensor]
  private var steps = 0

  public init(_ interventions: [any Intervention]) throws {
    self.interventions = interventions
    parameters = interventions.flatMap(\.parameters).map(\.tensor)
    first = try parameters.map { try Tensor.zeros($0.shape) }
    second = try parameters.map { try Tensor.zeros($0.shape) }
  }

  /// One update by the gradients of a loss.
  ///
  /// - Parameter clip: the largest norm of all gradients together; `nil` leaves them as they are.
  public mutating func update(by loss: Tensor, rate: Double, clip: Double? = nil) throws {
    try loss.backward()
    let gradients = try parameters.map { try #require(try $0.gradient()) }
    if let clip {
      let norms = try gradients.map { try $0.norm().item() }
      let factor = clip / (norms.reduce(0) { $0 + $1 * $1 }.squareRoot() + 1e-6)
      if factor < 1 { for gradient in gradients { try gradient.scale(by: factor) } }
    }
    for intervention in interventions { try intervention.beforeStep() }
    steps += 1
    try FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0).update(
      parameters, gradients: gradients, firstMoments: first, secondMoments: second, step: steps, learningRate: rate)
    for parameter in parameters { try parameter.clearGradient() }
    for intervention in interventions { try intervention.afterStep() }
  }
}

extension Adapter {
  /// A run of updates; what `loss` reports of each.
  ///
  /// - Parameter rate: the learning rate of a step, counted from 0.
  public func descend(
    steps: Int, clip: Double? = nil, rate: (Int) -> Double, loss: (Int) throws -> (total: Tensor, reported: Double)
  ) throws -> [Float] {
    var descent = try Descent(parts.map(\.intervention))
    return try (0..<steps).map { step in
      let (total, reported) = try loss(step)
      try descent.update(by: total, rate: rate(step), clip: clip)
      return Float(reported)
    }
  }
}

/// A learning rate that falls in a line to zero behind the last step, without warmup.
public func linearDecay(from rate: Double, steps: Int) -> (Int) -> Double {
  { rate * (1 - Double($0) / Double(steps)) }
}
