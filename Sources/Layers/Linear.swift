public import Tensors

/// `y = x W^T + b`; `W [out, in]`, `b [out]` or none.
public struct Linear {
  /// W `[out, in]`.
  public let matrix: WeightMatrix
  /// b `[out]`, or none.
  public let bias: Tensor?

  /// The map of this matrix and bias, which are shared, not copied.
  public init(_ matrix: WeightMatrix, bias: Tensor? = nil) {
    self.matrix = matrix
    self.bias = bias
  }

  /// The map of these tensors, which are shared, not copied.
  public init(weight: Tensor, bias: Tensor? = nil) { self.init(.plain(weight), bias: bias) }

  /// `x [..., in]` to `[..., out]`.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    switch matrix {
    case .plain(let weight): return try x.linear(weight, bias: bias)
    case .encoded: return try Self.together([self], x)[0]
    }
  }

  /// The outputs of several maps of one input `[rows, in]`, in their order; the gradient of the input is summed up in place.
  public static func together(_ maps: [Linear], _ x: Tensor) throws(TensorError) -> [Tensor] {
    try x.linears(maps.map { ($0.matrix, $0.bias) })
  }
}
