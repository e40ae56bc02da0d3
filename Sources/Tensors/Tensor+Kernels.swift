import CTorchShim

// Operations of transformers that are one kernel of our own, forward and backward, on plain float32 of the CPU; elsewhere the
// engine's operations that the formulas name.
extension Tensor {
  /// `s = x + a` and `s / sqrt(mean(s^2) + epsilon) * weight`, rows `[rows, d]`.
  public func addedAndNormalised(
    _ added: Tensor, weight: Tensor, epsilon: Double
  ) throws(TensorError) -> (sum: Tensor, normed: Tensor) {
    var (sum, normed): (OpaquePointer?, OpaquePointer?)
    guard reft_add_rms_norm(handle, added.handle, weight.handle, epsilon, &sum, &normed) == REFT_OK, let sum, let normed
    else { throw failure("addedAndNormalised", [self, added, weight]) }
    return (Tensor(owning: sum), Tensor(owning: normed))
  }

  /// The functions of gates that have a kernel.
  public enum Gate: Sendable, CaseIterable {
    /// `x sigmoid(x)`.
    case silu
    /// GELU in its tanh approximation (arXiv 1606.08415).
    case geluTanh
  }

  /// `f(g) * u` of gates and what they let through, `[rows, n]` each.
  public func gated(_ up: Tensor, by gate: Gate) throws(TensorError) -> Tensor {
    try perform("gated", [self, up]) { reft_gated(handle, up.handle, gate == .silu ? REFT_SILU : REFT_GELU_TANH, $0) }
  }

  /// Heads `[rows, heads, headDim]` turned by angles whose cosines and sines are `[rows, 1, m]`: `x cos + rotateHalf(x) sin` of
  /// the first m entries, the others as they are.
  public func turned(cosine: Tensor, sine: Tensor) throws(TensorError) -> Tensor {
    try perform("turned", [self, cosine, sine]) { reft_rotate(handle, cosine.handle, sine.handle, $0) }
  }

  /// `x W^T + b` of several maps; outputs `[rows, out]` in their order.
  public func linears(_ maps: [(weight: WeightMatrix, bias: Tensor?)]) throws(TensorError) -> [Tensor] {
    let weights = maps.map(\.weight.forEngine)
    let biases = maps.map { $0.bias?.handle }
    var outs = [OpaquePointer?](repeating: nil, count: maps.count)
    let status = withExtendedLifetime(maps) {
      reft_linears(handle, weights, biases, Int32(maps.count), &outs)
    }
    guard status == REFT_OK else { throw failure("linears", [self]) }
    return outs.compactMap { $0.map(Tensor.init(owning:)) }
  }

  /// A copy in which a function has changed the rows that `index` (int64, no row twice) names; the gradient that comes back of them is put
  /// over that of the others.
  public func changing(
    rows index: Tensor, _ change: (Tensor) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Tensor {
    var (whole, rows): (OpaquePointer?, OpaquePointer?)
    guard reft_part_rows(handle, index.handle, &whole, &rows) == REFT_OK, let whole, let rows
    else { throw failure("changing", [self, index]) }
    let others = Tensor(owning: whole)
    let changed = try change(Tensor(owning: rows))
    return try perform("changing", [self, index, changed]) {
      reft_join_rows(others.handle, index.handle, changed.handle, $0)
    }
  }

  /// `x + (x W^T + b - x C) C^T` of rows x `[rows, d]`; C `[d, r]`, W `[r, d]`, b `[r]`.
  public func editedWithin(columns: Tensor, weight: Tensor, bias: Tensor) throws(TensorError) -> Tensor {
    try perform("editedWithin", [self, columns, weight, bias]) {
      reft_low_rank_edit(handle, columns.handle, weight.handle, bias.handle, $0)
    }
  }

  /// `C = (I - U V0^T) S (V T^-1 V_top^T - I)`, `V = I + A` below the diagonal, of coordinates A `[d, r]`: `H_1 ... H_r` of reflections
  /// `I - 2 v_k v_k^T / |v_k|^2`, without its sign, behind a fixed product of reflections.
  ///
  /// - Parameters:
  ///   - fixed: U and V0 of the fixed product, `[d, r]` each.
  ///   - signs: S, of the first r rows, `[r, 1]`.
  ///   - below: ones below the diagonal, `[d, r]`; `above`: ones above it, `[r, r]`.
  public func reflected(
    from fixed: (spread: Tensor, reflectors: Tensor), signs: Tensor, below: Tensor, above: Tensor
  ) throws(TensorError) -> Tensor {
    try perform("reflected", [self, fixed.spread, fixed.reflectors, signs, below, above]) {
      reft_reflections(
        handle, fixed.spread.handle, fixed.reflectors.handle, signs.handle, below.handle, above.handle, $0)
    }
  }

  /// A sequence among packed rows.
  public struct Rows: Sendable {
    /// Its rows.
    public let own: Range<Int>
    /// Index of an earlier sequence behind whose last row it goes on; `nil` where it begins.
    public let parent: Int?
    /// How many rows of the path a sequence without a parent goes on from.
    public let pathRows: Int

    /// A sequence at these rows.
    public init(own: Range<Int>, parent: Int? = nil, pathRows: Int = 0) {
      self.own = own
      self.parent = parent
      self.pathRows = pathRows
    }
  }

  /// `softmax(Q K^T scale) V`, each sequence over what it goes on from and itself.
  ///
  /// - Parameters:
  ///   - query: `[rows, heads, headDim]`; `key`, `value`: `[rows, kvHeads, headDim]`.
  ///   - path: keys and values `[n, kvHeads, headDim]` that stand before the batch.
  ///   - sequences: all rows, in order, without gaps.
  ///   - causal: whether a row sees nothing of its own sequence behind itself.
  /// - Returns: `[rows, heads, headDim]`.
  public static func packedAttention(
    query: Tensor, key: Tensor, value: Tensor, path: (keys: Tensor, values: Tensor)? = nil, sequences: [Rows],
    causal: Bool, scale: Double
  ) throws(TensorError) -> Tensor {
    let first = sequences.map { Int64($0.own.lowerBound) }
    let count = sequences.map { Int64($0.own.count) }
    let parent = sequences.map { Int64($0.parent ?? -1) }
    let pathRows = sequences.map { Int64($0.pathRows) }
    return try perform("packedAttention", [query, key, value] + (path.map { [$0.keys, $0.values] } ?? [])) {
      reft_packed_attention(
        query.handle, key.handle, value.handle, path?.keys.handle, path?.values.handle, first, count, parent, pathRows,
        Int32(sequences.count), causal, scale, $0)
    }
  }
}
