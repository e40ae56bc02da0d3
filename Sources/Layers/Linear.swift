public import Tensors

/// `y = x W^T + b`; `W [out, in]`, `b [out]` or none.
public struct Linear {
  /// W `[out, in]`.
  public let weight: Tensor
  /// b `[out]`, or none.
  public let bias: Tensor?

  /// The map of these tensors, which are shared, not copied.
  public init(weight: Tensor, bias: Tensor? = nil) {
    self.weight = weight
    self.bias = bias
  }

  /// `x [..., in]` to `[..., out]`.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    try x.linear(weight, bias: bias)
  }

  /// The outputs of several maps of one input `[rows, in]`, in their order; the gradient of the input is summed up in place.
  public static func together(_ maps: [Linear], _ x: Tensor) throws(TensorError) -> [Tensor] {
    try x.linears(maps.map { ($0.weight, $0.bias) })
  }
}
