import Tensors

/// Inverted dropout: zeroes entries with probability p and scales the rest by `1 / (1 - p)`; the identity in inference.
struct Dropout {
  private let probability: Double
  private let random: RandomSource?

  init(_ probability: Double, _ mode: EditMode) {
    self.probability = probability
    random = probability > 0 ? mode.training?.random : nil
  }

  /// Whether anything is dropped in this pass.
  var isActive: Bool { random != nil }

  func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    guard let random else { return x }
    return try x * (random.bernoulli(x.shape, probability: 1 - probability) / (1 - probability))
  }
}
