import LanguageModels
import Tensors

/// `h + c`: one constant for every row.
final class ConstantOffset: ActivationEdit {
  var isRowwise: Bool { true }
  private let offset: Tensor

  init(_ offset: Tensor) {
    self.offset = offset
  }

  func callAsFunction(_ h: Tensor, from input: Tensor?) throws(TensorError) -> Tensor { try h + offset }
}
