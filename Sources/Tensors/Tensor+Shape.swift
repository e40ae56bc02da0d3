import CTorchShim

extension Tensor {
  /// The same elements in another shape; one dimension may be -1.
  public func reshaped(_ shape: [Int]) throws(TensorError) -> Tensor {
    try perform("reshaped(\(shape))", [self]) { reft_reshape(handle, shape.native, Int32(shape.count), $0) }
  }
  /// Repeats dimensions of size one, without a copy.
  public func expanded(_ shape: [Int]) throws(TensorError) -> Tensor {
    try perform("expanded(\(shape))", [self]) { reft_expand(handle, shape.native, Int32(shape.count), $0) }
  }
  /// Exchanges two dimensions, without a copy; the last two when none are named.
  public func transposed(_ first: Int = -2, _ second: Int = -1) throws(TensorError) -> Tensor {
    try perform("transposed", [self]) { reft_transpose(handle, Int64(first), Int64(second), $0) }
  }
  /// A window along one dimension, without a copy.
  public func narrowed(_ dimension: Int, _ window: Range<Int>) throws(TensorError) -> Tensor {
    try perform("narrowed(\(dimension), \(window))", [self]) {
      reft_narrow(handle, Int64(dimension), Int64(window.lowerBound), Int64(window.count), $0)
    }
  }
  /// A new dimension of size one at this place, without a copy.
  public func unsqueezed(_ dimension: Int) throws(TensorError) -> Tensor {
    try perform("unsqueezed", [self]) { reft_unsqueeze(handle, Int64(dimension), $0) }
  }
  /// Drops one dimension of size one, without a copy; a dimension of another size stays.
  public func squeezed(_ dimension: Int) throws(TensorError) -> Tensor {
    try perform("squeezed", [self]) { reft_squeeze(handle, Int64(dimension), $0) }
  }
  /// Joins tensors that agree in all other dimensions; a single one comes back as it is.
  public static func concatenated(_ parts: [Tensor], along dimension: Int) throws(TensorError) -> Tensor {
    if parts.count == 1 { return parts[0] }
    return try perform("concatenated", parts) {
      reft_concatenate(parts.map(\.handle), Int32(parts.count), Int64(dimension), $0)
    }
  }

  /// The entries of one dimension that `index` (int64) names, in its order.
  public func selected(_ index: Tensor, along dimension: Int = 0) throws(TensorError) -> Tensor {
    try perform("selected", [self, index]) { reft_index_select(handle, Int64(dimension), index.handle, $0) }
  }
  /// A copy in which the entries that `index` names are replaced by those of `source`.
  public func replacing(_ index: Tensor, along dimension: Int = 0, with source: Tensor) throws(TensorError) -> Tensor {
    try perform("replacing", [self, index, source]) {
      reft_index_copy(handle, Int64(dimension), index.handle, source.handle, $0)
    }
  }
  /// A copy with `value` wherever `mask` (bool, broadcast) is true.
  public func filled(where mask: Tensor, with value: Double) throws(TensorError) -> Tensor {
    try perform("filled", [self, mask]) { reft_masked_fill(handle, mask.handle, value, $0) }
  }
  /// Picks one entry a place along a dimension: `result[i][j] = self[i][index[i][j]]` for the last of two.
  ///
  /// - Parameter index: int64, of the rank of `self`.
  public func gathered(_ index: Tensor, along dimension: Int) throws(TensorError) -> Tensor {
    try perform("gathered", [self, index]) { reft_gather(handle, Int64(dimension), index.handle, $0) }
  }

  /// Zeroes what lies above the given diagonal (0 the main one, -1 the one below it).
  public func lowerTriangle(diagonal: Int = 0) throws(TensorError) -> Tensor {
    try perform("lowerTriangle", [self]) { reft_lower_triangle(handle, Int64(diagonal), $0) }
  }
  /// Zeroes what lies below the given diagonal (0 the main one, 1 the one above it).
  public func upperTriangle(diagonal: Int = 0) throws(TensorError) -> Tensor {
    try perform("upperTriangle", [self]) { reft_upper_triangle(handle, Int64(diagonal), $0) }
  }
  /// The main diagonal of a matrix.
  public func diagonal() throws(TensorError) -> Tensor { try perform("diagonal", [self]) { reft_diagonal(handle, $0) } }
  /// A square matrix with this vector as its diagonal.
  public func asDiagonalMatrix() throws(TensorError) -> Tensor {
    try perform("asDiagonalMatrix", [self]) { reft_diagonal_matrix(handle, $0) }
  }

  /// The same elements, row-major in memory; no copy when they lie so already.
  public func contiguous() throws(TensorError) -> Tensor {
    try perform("contiguous", [self]) { reft_contiguous(handle, $0) }
  }
  /// A copy in memory of its own, with a graph back to the original.
  public func cloned() throws(TensorError) -> Tensor { try perform("cloned", [self]) { reft_clone(handle, $0) } }
  /// The elements in another type, rounded where it is narrower; no copy when it is the same type.
  public func converted(to dtype: DType) throws(TensorError) -> Tensor {
    try perform("converted(to: \(dtype))", [self]) { reft_to_type(handle, dtype.native, $0) }
  }
  /// The elements in float32 where their own type is narrower; otherwise the tensor as it is.
  public func widened() throws(TensorError) -> Tensor { dtype.isReduced ? try converted(to: .float32) : self }
  /// The elements on another device; no copy when they are there already.
  public func moved(to device: Device) throws(TensorError) -> Tensor {
    try perform("moved(to: \(device))", [self]) { reft_to_device(handle, device.native, $0) }
  }
}
