import CTorchShim

extension Tensor {
  /// What is kept of one sequence in one layer.
  public struct Kept {
    /// `[1, kvHeads, capacity, headDim]`, contiguous.
    public let keys, values: Tensor
    /// Where the new row goes.
    public let row: Int
    /// The first row that the new one looks at.
    public let first: Int

    /// The memory of a sequence, and the place of its new row in it.
    public init(keys: Tensor, values: Tensor, row: Int, first: Int) {
      (self.keys, self.values, self.row, self.first) = (keys, values, row, first)
    }
  }

  /// `softmax(Q K^T scale) V` of one new row a sequence, whose keys and values are first put behind what is kept of it.
  ///
  /// - Parameters:
  ///   - query: `[n, heads, headDim]`; `key`, `value`: `[n, kvHeads, headDim]`; float32 of the CPU, as all that is kept.
  ///   - kept: one a row.
  public static func decodeAttention(
    query: Tensor, key: Tensor, value: Tensor, over kept: [Kept], scale: Double
  ) throws(TensorError) -> Tensor {
    try perform("decodeAttention", [query, key, value]) {
      reft_decode_attention(
        query.handle, key.handle, value.handle, kept.map(\.keys.handle), kept.map(\.values.handle),
        kept.map { Int64($0.row) }, kept.map { Int64($0.first) }, Int32(kept.count), scale, $0)
    }
  }
}

extension Tensor {
  /// What rows at these positions see of the first columns, as an addition to scores `[n, 1, 1, columns]`: 0, or minus infinity.
  ///
  /// A row sees the columns up to its own, or the last `window` of them. Nothing of it goes by the host.
  ///
  /// - Parameter positions: int64 `[n]`.
  public static func reachMask(
    at positions: Tensor, columns: Int, window: Int? = nil, dtype: DType
  ) throws(TensorError) -> Tensor {
    try perform("reachMask", [positions]) {
      reft_reach_mask(positions.handle, Int64(columns), Int64(window ?? 0), dtype.native, $0)
    }
  }

  /// Overwrites the rows that `index` (int64) names with those of `source`, in place, outside of any graph. For caches only.
  public func put(_ source: Tensor, at index: Tensor) throws(TensorError) {
    try perform("put", [self, index, source]) { reft_put_rows(handle, index.handle, source.handle) }
  }
}
