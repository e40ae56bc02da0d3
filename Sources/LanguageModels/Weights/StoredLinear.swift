import Layers
import Tensors

/// A linear map of a model that knows what it is called in the checkpoint.
struct StoredLinear {
  /// The name without `.weight` or `.bias`.
  let path: String
  let map: Linear
  /// Whether the file holds `[in, out]` (GPT-2's `Conv1D`) instead of `[out, in]`.
  var isTransposed = false

  func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor { try map(x) }

  /// What the checkpoint calls the map, without its weights.
  var name: StoredName { StoredName(path: path, outputs: map.matrix.outputs, hasBias: map.bias != nil) }

  /// The outputs of `rows` alone, under another name; without a copy.
  func narrowed(_ rows: Range<Int>, path: String) throws(TensorError) -> StoredLinear {
    let bias = try map.bias.map { bias throws(TensorError) in try bias.narrowed(0, rows) }
    return StoredLinear(path: path, map: Linear(try map.matrix.narrowed(rows), bias: bias))
  }

  var projection: Projection {
    Projection(
      weightName: path + ".weight", biasName: path + ".bias", matrix: map.matrix, bias: map.bias,
      isTransposed: isTransposed)
  }
}

/// What a checkpoint calls a linear map.
struct StoredName {
  /// The name without `.weight` or `.bias`.
  let path: String
  let outputs: Int
  let hasBias: Bool
}
