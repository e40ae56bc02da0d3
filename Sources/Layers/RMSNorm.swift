public import Tensors

/// Root mean square normalisation (arXiv 1910.07467): `x / sqrt(mean(x^2) + epsilon) * weight`.
public struct RMSNorm {
  public let weight: Tensor
  public let epsilon: Double

  public init(weight: Tensor, epsilon: Double) {
    self.weight = weight
    self.epsilon = epsilon
  }

  /// `x [rows, d]` to `[rows, d]`.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    try x.rmsNormalised(weight: weight, epsilon: epsilon)
  }
}
