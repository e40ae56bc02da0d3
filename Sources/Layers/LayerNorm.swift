public import Tensors

/// Layer normalisation (arXiv 1607.06450): `(x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias`.
public struct LayerNorm {
  /// The gain of each entry, `[d]`.
  public let weight: Tensor
  /// The offset of each entry, `[d]`, or none.
  public let bias: Tensor?
  /// Added to the variance, so that a constant row stays finite (`layer_norm_eps`).
  public let epsilon: Double

  /// The norm with this gain and offset, which are shared, not copied.
  public init(weight: Tensor, bias: Tensor? = nil, epsilon: Double) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  /// `x [..., d]` to `[..., d]`.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    try x.layerNormalised(weight: weight, bias: bias, epsilon: epsilon)
  }
}
