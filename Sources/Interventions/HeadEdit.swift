import LanguageModels
import Tensors

/// `f * z + o` on the outputs of attention heads; f, o `[heads, headDim]`, either of which may be missing.
final class HeadEdit: ActivationEdit {
  var isRowwise: Bool { true }
  private let factors, offsets: Tensor?

  init(factors: Tensor?, offsets: Tensor?) { (self.factors, self.offsets) = (factors, offsets) }

  func callAsFunction(_ z: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    var edited = z
    if let factors { edited = try edited * factors }
    if let offsets { edited = try edited + offsets }
    return edited
  }

  /// `W (f z + o) = (W diag(f)) z + W o`: scaled columns and an output bias.
  func folded(into projection: Projection) throws(TensorError) -> (weight: Tensor, bias: Tensor?) {
    let present = try projection.weight
    let weight = if let factors { try present * factors.detached().reshaped([-1]) } else { present }
    guard let offsets else { return (weight, projection.bias) }
    return (weight, try projection.adding(present.matmul(offsets.detached().reshaped([-1]))).bias)
  }
}
