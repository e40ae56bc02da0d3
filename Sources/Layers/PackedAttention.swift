public import Tensors

/// Causal attention over packed rows: every sequence of the batch looks at itself alone, and no padding exists.
public struct PackedAttention {
  /// Factor on the scores, `1/sqrt(headDim)` as a rule.
  public let scale: Double

  /// Attention with this factor on the scores.
  public init(scale: Double) {
    self.scale = scale
  }

  /// Attends.
  ///
  /// - Parameters:
  ///   - q: `[rows, heads, headDim]`; `k`, `v`: `[rows, kvHeads, headDim]`, rotated already.
  ///   - sequences: which rows belong to one sequence, in order, without gaps.
  ///   - stores: one for each sequence when decoding with a cache; its rows so far come before the new ones.
  /// - Returns: `[rows, heads, headDim]`, before the output projection.
  public func callAsFunction(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, sequences: [Range<Int>], stores: [KeyValueStore]?
  ) throws(TensorError) -> Tensor {
    var parts: [Tensor] = []
    parts.reserveCapacity(sequences.count)
    for (i, rows) in sequences.enumerated() {
      let query = try q.narrowed(0, rows).transposed(0, 1).unsqueezed(0)
      var key = try k.narrowed(0, rows)
      var value = try v.narrowed(0, rows)
      var mask: Tensor?
      if let store = stores?[i] {
        let past = store.count
        (key, value) = try store.append(keys: key, values: value)
        if past > 0, rows.count > 1 {
          mask = try Self.mask(past: past, new: rows.count, on: q.device)
        }
      } else {
        key = try key.transposed(0, 1).unsqueezed(0)
        value = try value.transposed(0, 1).unsqueezed(0)
      }
      let causal = mask == nil && rows.count > 1
      let z = try Tensor.attention(query: query, key: key, value: value, mask: mask, causal: causal, scale: scale)
      parts.append(try z.squeezed(0).transposed(0, 1))
    }
    return try Tensor.concatenated(parts, along: 0)
  }

  /// `[new, past + new]`: a new row sees the past, the new rows before it, and itself.
  private static func mask(past: Int, new: Int, on device: Device) throws(TensorError) -> Tensor {
    try Tensor.full([new, past + new], value: 1, on: device).lowerTriangle(diagonal: past).converted(to: .bool)
  }
}
