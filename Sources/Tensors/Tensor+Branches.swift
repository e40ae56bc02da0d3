import CTorchShim

extension Tensor {
  /// Rows of a tree in which every row sees its ancestors and itself.
  public struct Branches: Sendable {
    private var first: [Int64] = []
    private var count: [Int64] = []
    private var parent: [Int64] = []
    private var pathRows: [Int64] = []

    /// No branch yet.
    public init() {}

    /// Adds a branch behind the others.
    ///
    /// - Parameters:
    ///   - rows: where it lies in the batch.
    ///   - parent: the branch from whose last row it goes on; `nil` for none.
    ///   - pathRows: for a branch without a parent, how many rows of the path it sees.
    public mutating func append(_ rows: Range<Int>, parent: Int?, pathRows: Int) {
      first.append(Int64(rows.lowerBound))
      count.append(Int64(rows.count))
      self.parent.append(Int64(parent ?? -1))
      self.pathRows.append(Int64(pathRows))
    }

    /// `softmax(Q K^T scale) V` over what each row sees.
    ///
    /// - Parameters:
    ///   - query: `[rows, heads, headDim]`; `key`, `value`: `[rows, kvHeads, headDim]`.
    ///   - path: keys and values `[n, kvHeads, headDim]` that stand before the batch.
    /// - Returns: `[rows, heads, headDim]`.
    public func attention(
      query: Tensor, key: Tensor, value: Tensor, path: (keys: Tensor, values: Tensor)?, scale: Double
    ) throws(TensorError) -> Tensor {
      try perform("attention in a tree", [query, key, value] + (path.map { [$0.keys, $0.values] } ?? [])) {
        reft_branch_attention(
          query.handle, key.handle, value.handle, path?.keys.handle, path?.values.handle, first, count, parent,
          pathRows, Int32(first.count), scale, $0)
      }
    }
  }
}
