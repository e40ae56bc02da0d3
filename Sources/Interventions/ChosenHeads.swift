import LanguageModels
import Tensors

/// The attention heads that an intervention acts on.
struct ChosenHeads {
  /// Ascending.
  let heads: [Int]
  private let headCount: Int
  private let index: Tensor  // the chosen heads, int64

  /// The heads of a target.
  ///
  /// - Throws: ``AdapterError/site(method:component:expected:)`` where the component has no heads.
  init(of target: Target, method: String) throws {
    guard target.site.component == .headOutput else {
      throw AdapterError.site(
        method: method, component: target.site.component.rawValue, expected: Component.headOutput.rawValue)
    }
    headCount = target.shape.heads
    heads = target.heads ?? Array(0..<headCount)
    index = try Tensor(heads.map(Int64.init), on: target.device)
  }

  /// How many heads a target names.
  static func count(of target: Target) -> Int { target.heads?.count ?? target.shape.heads }

  /// Values of the chosen heads, `[chosen, headDim]`, as `[heads, headDim]`: zero where none was chosen.
  func everyHead(_ values: Tensor) throws(TensorError) -> Tensor {
    if heads.count == headCount { return values }
    let none = try Tensor.zeros([headCount, values.size(1)], on: values.device)
    return try none.replacing(index, with: values)
  }
}
