import LanguageModels
import Tensors

/// `x -> s B A x`: what LoRA and DoRA add to a linear map.
struct LowRankMap {
  let A: Tensor  // [r, in]
  let B: Tensor  // [out, r]
  let scaling: Double  // s

  /// A uniform in `±1 / sqrt(in)` (Kaiming's with `a = sqrt 5`, as peft has it), B zero.
  init(_ settings: LoRA.Configuration, on target: Target, of method: String, using random: RandomSource) throws {
    let size = try Size(settings, target, method)
    let bound = 1 / Double(size.inputs).squareRoot()
    A = try random.uniform([size.rank, size.inputs], in: -bound..<bound)
    B = try Tensor.zeros([size.outputs, size.rank], on: target.device)
    scaling = size.scaling
    try makeTrainable()
  }

  /// `A` and `B` out of an adapter file.
  init(_ settings: LoRA.Configuration, on target: Target, of method: String, restoring tensors: SavedTensors) throws {
    let size = try Size(settings, target, method)
    A = try tensors.take("A", [size.rank, size.inputs])
    B = try tensors.take("B", [size.outputs, size.rank])
    scaling = size.scaling
    try makeTrainable()
  }

  private func makeTrainable() throws(TensorError) {
    try A.setRequiresGradient(true)
    try B.setRequiresGradient(true)
  }

  var parameters: [NamedTensor] { [NamedTensor("A", A), NamedTensor("B", B)] }

  /// `s B A x` for `x [rows, in]`; scaled where the rows are short.
  func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    try (x.linear(A) * scaling).linear(B)
  }

  /// Some rows of `s B A`, `[rows, in]`, outside of any graph.
  func change(_ rows: Range<Int>) throws(TensorError) -> Tensor {
    try (B.detached().narrowed(0, rows) * scaling).matmul(A.detached())
  }

  private struct Size {
    let rank, inputs, outputs: Int
    let scaling: Double

    init(_ settings: LoRA.Configuration, _ target: Target, _ method: String) throws {
      let projection = try target.linearMap(for: method)
      (outputs, inputs) = (projection.matrix.outputs, projection.matrix.inputs)
      rank = try settings.rankPattern.value(for: target, key: "rank_pattern", method: method) ?? settings.rank
      let alpha = try settings.alphaPattern.value(for: target, key: "alpha_pattern", method: method) ?? settings.alpha
      scaling = alpha / (settings.rankStabilised ? Double(rank).squareRoot() : Double(rank))
    }
  }
}

extension Target {
  /// The linear map that writes the site, which is what the method changes.
  ///
  /// - Throws: ``AdapterError/site(method:component:expected:)`` where the site is no output of a linear map.
  func linearMap(for method: String) throws(AdapterError) -> Projection {
    guard let projection else {
      let maps = Component.allCases.filter { shape.inputWidth(of: $0) != nil }
      throw .site(
        method: method, component: site.component.rawValue,
        expected: maps.map(\.rawValue).joined(separator: ", ") + ": the outputs of linear maps")
    }
    return projection
  }
}
