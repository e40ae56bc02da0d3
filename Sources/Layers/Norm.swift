public import Tensors

/// A normalisation of rows: root mean square or layer norm, whichever the architecture has.
public protocol Norm {
  /// `x [..., d]` to `[..., d]`.
  func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor
}

extension RMSNorm: Norm {}
extension LayerNorm: Norm {}
