public import Tensors

/// A normalisation of rows: root mean square or layer norm, whichever the architecture has.
public protocol Norm {
  /// `x [..., d]` to `[..., d]`.
  func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor

  /// `x + a` and its norm.
  func ofSum(_ x: Tensor, _ a: Tensor) throws(TensorError) -> (sum: Tensor, normed: Tensor)
}

extension Norm {
  public func ofSum(_ x: Tensor, _ a: Tensor) throws(TensorError) -> (sum: Tensor, normed: Tensor) {
    let sum = try x + a
    return (sum, try self(sum))
  }
}

extension RMSNorm: Norm {
  public func ofSum(_ x: Tensor, _ a: Tensor) throws(TensorError) -> (sum: Tensor, normed: Tensor) {
    try x.addedAndNormalised(a, weight: weight, epsilon: epsilon)
  }
}
extension LayerNorm: Norm {}
