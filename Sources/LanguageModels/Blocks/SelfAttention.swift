import Layers
import Tensors

/// Multi-head self-attention (arXiv 1706.03762), keys and values shared by groups of query heads (arXiv 2305.13245).
struct SelfAttention {
  let query, key, value, output: StoredLinear
  /// The one tensor of the checkpoint of which query, key and value are parts, where it is one.
  ///
  /// Its name alone: where the parts are copies (GPT-NeoX), the whole is not to be kept beside them.
  var fused: StoredName?
  /// Norms of each head's queries and keys before they turn (Qwen 3, Gemma 3).
  var queryNorm, keyNorm: RMSNorm?
  /// `nil` where positions are learned, or where the layer has none.
  var rotary: RotaryEmbedding?
  let attend: PackedAttention
  let shape: ModelShape

  /// `n [rows, d]`, normed, to the attention's contribution `[rows, d]`.
  func callAsFunction(_ n: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let q = try split(pass.tap(query(n), at: .query, from: n), shape.heads)
    let k = try split(pass.tap(key(n), at: .key, from: n), shape.kvHeads)
    let v = try split(pass.tap(value(n), at: .value, from: n), shape.kvHeads)
    let z = try attend(
      pass.turn(queryNorm?(q) ?? q, rotary), pass.turn(keyNorm?(k) ?? k, rotary), v, sequences: pass.sequences,
      stores: pass.stores)
    let edited = try pass.tap(z, at: .headOutput)  // [rows, heads, headDim]
    let merged = try edited.reshaped([-1, shape.heads * shape.headDim])
    return try pass.tap(output(merged), at: .attentionOutput, from: merged)
  }

  /// `[rows, heads * headDim]` to `[rows, heads, headDim]`.
  private func split(_ x: Tensor, _ heads: Int) throws(TensorError) -> Tensor {
    try x.reshaped([-1, heads, shape.headDim])
  }

  /// The projections of the block as the checkpoint has them.
  var stored: [StoredName] { (fused.map { [$0] } ?? [query.name, key.name, value.name]) + [output.name] }
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
