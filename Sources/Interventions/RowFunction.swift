import LanguageModels
import Tensors

/// An edit that is a function of the edited rows alone, so that a method's formula stands where the method is.
final class RowFunction: ActivationEdit {
  private let function: (Tensor) throws(TensorError) -> Tensor

  init(_ function: @escaping (Tensor) throws(TensorError) -> Tensor) { self.function = function }

  func callAsFunction(_ h: Tensor, from input: Tensor?) throws(TensorError) -> Tensor { try function(h) }
}
