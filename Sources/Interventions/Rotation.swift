import LanguageModels
import Tensors

/// R^T `[d, r]` with orthonormal columns, as the methods of the ReFT family share it: fixed as it was saved, or trained.
enum Rotation {
  case fixed(Tensor)
  case trained(OrthonormalColumns)

  /// A random rotation to train.
  init(rank r: Int, width d: Int, using random: RandomSource) throws(TensorError) {
    self = .trained(
      try OrthonormalColumns(base: OrthonormalColumns.random(rows: d, columns: r, using: random)))
  }

  /// The rotation of a file: fixed for an adapter, to be trained on for the state of a run.
  init(rank r: Int, width d: Int, restoring tensors: SavedTensors) throws {
    if tensors.has("base") {
      let base = try tensors.take("base", [d, r])
      self = .trained(try OrthonormalColumns(base: base, coordinates: tensors.take("coordinates", [d, r])))
    } else {
      // Laid out as the trained columns are: the engine sums a product in an order that depends on it.
      self = .fixed(try tensors.take("rotation", [r, d]).transposed().contiguous())
    }
  }

  /// R^T, with a graph where it is trained.
  func columns() throws(TensorError) -> Tensor {
    switch self {
    case .fixed(let columns): columns
    case .trained(let columns): try columns.matrix()
    }
  }

  /// `coordinates` `[d, r]` where the rotation is trained.
  var parameters: [NamedTensor] {
    if case .trained(let columns) = self { [NamedTensor("coordinates", columns.coordinates)] } else { [] }
  }

  /// d r, as the paper counts R; its manifold has `r (r + 1) / 2` dimensions less.
  var count: Int {
    switch self {
    case .fixed(let columns): columns.elementCount
    case .trained(let columns): columns.base.elementCount
    }
  }

  /// `rotation` R `[r, d]`.
  func saved() throws(TensorError) -> [NamedTensor] {
    let columns = try withoutGradients { () throws(TensorError) in try self.columns() }
    return [NamedTensor("rotation", try columns.transposed().contiguous())]
  }

  /// The base and the coordinates, from which training goes on exactly.
  func trainingState() throws(TensorError) -> [NamedTensor] {
    guard case .trained(let columns) = self else { return try saved() }
    return [
      NamedTensor("base", columns.base), NamedTensor("coordinates", try columns.coordinates.detached()),
    ]
  }
}
