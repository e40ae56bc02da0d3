import LanguageModels
import Tensors

/// An edit that is made when its first row comes: a tap is asked which rows it changes far more often than it changes them.
final class DeferredEdit: ActivationEdit {
  private let make: () throws(TensorError) -> any ActivationEdit
  private var made: (any ActivationEdit)?

  init(_ make: @escaping () throws(TensorError) -> any ActivationEdit) { self.make = make }

  private func edit() throws(TensorError) -> any ActivationEdit {
    if let made { return made }
    let edit = try make()
    made = edit
    return edit
  }

  /// What cannot be made is nothing of the kind; who calls it gets the reason.
  var isRowwise: Bool { (try? edit())?.isRowwise ?? false }
  var isRepeatable: Bool { (try? edit())?.isRepeatable ?? false }

  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    let made = try edit()
    return try made(activation, from: input)
  }
}
