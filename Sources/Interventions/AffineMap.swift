import LanguageModels
import Tensors

/// A trained linear map `W h + b` from d to r numbers, begun as `torch.nn.Linear` begins: all entries uniform in +-1/sqrt(d).
struct AffineMap {
  /// W `[r, d]`.
  let weight: Tensor
  /// b `[r]`; `nil` for a map without it.
  let bias: Tensor?
  private let names: (weight: String, bias: String)

  /// A new map.
  ///
  /// - Parameter prefix: what the tensors' names begin with: none for `weight` and `bias`, `projection` for `projection` and
  ///   `projection_bias`.
  init(
    _ prefix: String = "", rank r: Int, width d: Int, hasBias: Bool = true, using random: RandomSource
  ) throws(TensorError) {
    let bound = 1 / Double(d).squareRoot()
    weight = try random.uniform([r, d], in: -bound..<bound)
    bias = hasBias ? try random.uniform([r], in: -bound..<bound) : nil
    names = Self.names(prefix)
    try makeTrainable()
  }

  /// The map of a file.
  init(
    _ prefix: String = "", rank r: Int, width d: Int, hasBias: Bool = true, restoring tensors: SavedTensors
  ) throws {
    names = Self.names(prefix)
    weight = try tensors.take(names.weight, [r, d])
    bias = hasBias ? try tensors.take(names.bias, [r]) : nil
    try makeTrainable()
  }

  private static func names(_ prefix: String) -> (weight: String, bias: String) {
    prefix.isEmpty ? ("weight", "bias") : (prefix, prefix + "_bias")
  }

  private func makeTrainable() throws(TensorError) {
    try weight.setRequiresGradient(true)
    try bias?.setRequiresGradient(true)
  }

  /// `h [rows, d]` to `[rows, r]`.
  func callAsFunction(_ h: Tensor) throws(TensorError) -> Tensor { try h.linear(weight, bias: bias) }

  /// `e [rows, r]` back to `[rows, d]` by the transposed matrix, without the bias: `W^T e`.
  func transposed(_ e: Tensor) throws(TensorError) -> Tensor { try e.matmul(weight) }

  var parameters: [NamedTensor] {
    [NamedTensor(names.weight, weight)] + (bias.map { [NamedTensor(names.bias, $0)] } ?? [])
  }

  /// Numbers of the map.
  var count: Int { weight.elementCount + (bias?.elementCount ?? 0) }

  /// The tensors outside of any graph.
  func saved() throws(TensorError) -> [NamedTensor] {
    var saved: [NamedTensor] = []
    for parameter in parameters { saved.append(NamedTensor(parameter.name, try parameter.tensor.detached())) }
    return saved
  }
}
