public import Tensors

/// Root mean square normalisation (arXiv 1910.07467): `x / sqrt(mean(x^2) + epsilon) * weight`.
public struct RMSNorm {
  /// The gain of each entry, `[d]`.
  public let weight: Tensor
  /// Added to the mean square, so that a zero row stays finite (`rms_norm_eps`).
  public let epsilon: Double

  /// The norm with this gain.
  public init(weight: Tensor, epsilon: Double) {
    self.weight = weight
    self.epsilon = epsilon
  }

  /// `x [rows, d]` to `[rows, d]`.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    try x.rmsNormalised(weight: weight, epsilon: epsilon)
  }
}
