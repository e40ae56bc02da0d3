import Layers
import Tensors

/// Multi-head self-attention (arXiv 1706.03762), keys and values shared by groups of query heads (arXiv 2305.13245).
struct SelfAttention {
  var query, key, value, output: StoredLinear
  /// The one tensor of the checkpoint of which query, key and value are parts, where it is one.
  var fused: FusedLinear?
  /// Norms of each head's queries and keys before they turn (Qwen 3, Gemma 3).
  var queryNorm, keyNorm: RMSNorm?
  /// `nil` where positions are learned, or where the layer has none.
  var rotary: RotaryEmbedding?
  let attend: PackedAttention
  let shape: ModelShape

  /// `n [rows, d]`, normed, to the attention's contribution to the rows that are needed, `[needed, d]`.
  func callAsFunction(_ n: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let maps = try Linear.together([query.map, key.map, value.map], n)
    let q = try split(pass.tap(maps[0], at: .query, from: n), shape.heads)
    let k = try split(pass.tap(maps[1], at: .key, from: n), shape.kvHeads)
    let v = try split(pass.tap(maps[2], at: .value, from: n), shape.kvHeads)
    let turned = try pass.turn(keyNorm?(k) ?? k, rotary)
    let z = try pass.attend(attend, pass.turn(queryNorm?(q) ?? q, rotary), turned, v)
    let edited = try pass.tap(z, at: .headOutput)  // [rows, heads, headDim]
    let merged = try pass.needed(edited.reshaped([-1, shape.heads * shape.headDim]))
    return try pass.tap(output(merged), at: .attentionOutput, from: merged)
  }

  /// `[rows, heads * headDim]` to `[rows, heads, headDim]`.
  private func split(_ x: Tensor, _ heads: Int) throws(TensorError) -> Tensor {
    try x.reshaped([-1, heads, shape.headDim])
  }

  /// The projections by the components they write.
  var projections: [(component: Component, map: StoredLinear)] {
    [(.query, query), (.key, key), (.value, value), (.attentionOutput, output)]
  }

  /// The same attention with another projection there.
  func replacing(_ component: Component, by map: StoredLinear) -> SelfAttention {
    var copy = self
    switch component {
    case .query: copy.query = map
    case .key: copy.key = map
    case .value: copy.value = map
    default: copy.output = map
    }
    return copy
  }
}

extension SelfAttention {
  /// Four matrices under the names of Llama: `q_proj`, `k_proj`, `v_proj`, `o_proj`.
  init(
    _ weights: WeightScope, _ shape: ModelShape, inputBias: Bool, outputBias: Bool, rotary: RotaryEmbedding?,
    attend: PackedAttention
  ) {
    let (d, q, kv) = (shape.hidden, shape.heads * shape.headDim, shape.kvHeads * shape.headDim)
    self.init(
      query: weights.linear("q_proj", q, d, bias: inputBias), key: weights.linear("k_proj", kv, d, bias: inputBias),
      value: weights.linear("v_proj", kv, d, bias: inputBias), output: weights.linear("o_proj", d, q, bias: outputBias),
      rotary: rotary, attend: attend, shape: shape)
  }
}
