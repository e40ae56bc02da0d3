import LanguageModels
import Tensors

/// An edit that is a function of the edited rows alone, so that a method's formula stands where the method is.
final class RowFunction: ActivationEdit {
  let isRowwise: Bool
  private let function: (Tensor) throws(TensorError) -> Tensor

  let isRepeatable: Bool

  /// - Parameters:
  ///   - isRowwise: false for what draws by chance or looks at other rows.
  ///   - isRepeatable: false for a function that tells somebody what it saw.
  init(
    isRowwise: Bool = true, isRepeatable: Bool = true, _ function: @escaping (Tensor) throws(TensorError) -> Tensor
  ) {
    self.isRowwise = isRowwise
    self.isRepeatable = isRepeatable
    self.function = function
  }

  func callAsFunction(_ h: Tensor, from input: Tensor?) throws(TensorError) -> Tensor { try function(h) }
}
