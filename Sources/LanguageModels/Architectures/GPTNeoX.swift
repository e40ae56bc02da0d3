public import JSON
import Layers
import Tensors

/// GPT-NeoX (arXiv 2204.06745), the architecture of Pythia: a part of each head turns, attention and network side by side.
public enum GPTNeoX: Architecture {
  public static let summary = "GPT-NeoX, Pythia"
  public static let modelTypes = ["gpt_neox"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let s = try shape(configuration)
    try weights.expect(s)
    let epsilon = try configuration.above(zero: "layer_norm_eps", default: 1e-5)
    let activation = try configuration.activation("hidden_act") ?? .gelu
    let parallel = try configuration.bool(ifPresent: "use_parallel_residual") ?? true
    let bias = try configuration.bool(ifPresent: "attention_bias") ?? true
    let tied = try configuration.bool(ifPresent: "tie_word_embeddings") ?? false
    let rotary = try rotary(configuration, s)
    let w = weights.scope(weights.prefix(of: "embed_in.weight", among: ["gpt_neox.", ""]))
    let table = w.matrix("embed_in.weight", s.vocabulary, s.hidden)
    let blocks: [any Block] = try (0..<s.layers).map { layer in
      let w = w("layers.\(layer).")
      let attentionNorm = w.layerNorm("input_layernorm", s.hidden, epsilon: epsilon)
      let attention = try attention(w("attention."), s, bias: bias, rotary)
      let networkNorm = w.layerNorm("post_attention_layernorm", s.hidden, epsilon: epsilon)
      let network = PlainMLP(
        up: w.linear("mlp.dense_h_to_4h", s.intermediate, s.hidden, bias: true),
        down: w.linear("mlp.dense_4h_to_h", s.hidden, s.intermediate, bias: true), activation: activation)
      return parallel
        ? ParallelBlock(
          attentionNorm: attentionNorm, attention: attention, feedForwardNorm: networkNorm, feedForward: network)
        : PreNormBlock(
          attentionNorm: attentionNorm, attention: attention, feedForwardNorm: networkNorm, feedForward: network)
    }
    let norm = w.layerNorm("final_layer_norm", s.hidden, epsilon: epsilon)
    let projection = tied ? table : weights.matrix("embed_out.weight", s.vocabulary, s.hidden)
    try weights.finish(ignoring: [".attention.bias", "embed_out.weight"])
    return Transformer(
      s, embedding: TokenEmbedding(table: table), blocks: blocks, norm: norm,
      head: VocabularyHead(projection: Linear(projection)),
      biases: .switches(attention: "attention_bias", feedForward: nil), weights: weights)
  }

  private static func shape(_ json: JSONReader) throws -> ModelShape {
    let (hidden, heads) = (try json.positive("hidden_size"), try json.positive("num_attention_heads"))
    guard hidden % heads == 0 else {
      throw ModelError.inconsistent(
        problem: "hidden_size (\(hidden)) must be a multiple of num_attention_heads (\(heads))", source: json.source)
    }
    return try ModelShape(
      layers: try json.layers("num_hidden_layers"), hidden: hidden, heads: heads, kvHeads: heads,
      headDim: hidden / heads, intermediate: try json.positive("intermediate_size"),
      vocabulary: try json.positive("vocab_size"),
      contextLength: try json.positive("max_position_embeddings", default: 2048)
    ).checked(json.source)
  }

  private static func rotary(_ json: JSONReader, _ s: ModelShape) throws -> RotaryEmbedding {
    let dimension = try json.rotaryDimension(headDim: s.headDim, share: "rotary_pct", default: 0.25)
    let theta = try json.above(zero: "rotary_emb_base", default: json.above(zero: "rope_theta", default: 10_000))
    return RotaryEmbedding(
      dimension: dimension, theta: theta,
      scaling: try json.rotaryScaling(dimension: dimension, contextLength: s.contextLength))
  }

  /// `query_key_value` holds, head by head, the rows of its query, its key and its value.
  private static func attention(
    _ w: WeightScope, _ s: ModelShape, bias: Bool, _ rotary: RotaryEmbedding
  ) throws(TensorError) -> SelfAttention {
    let d = s.hidden
    let fused = w.linear("query_key_value", 3 * d, d, bias: bias)
    func part(_ index: Int, _ name: String) throws(TensorError) -> StoredLinear {
      func rows(_ x: Tensor, _ rest: [Int]) throws(TensorError) -> Tensor {
        try x.reshaped([s.heads, 3, s.headDim] + rest).narrowed(1, index..<index + 1).reshaped([d] + rest)
      }
      let bias = try fused.map.bias.map { bias throws(TensorError) in try rows(bias, []) }
      return StoredLinear(
        path: w.prefix + name, map: Linear(weight: try rows(fused.map.matrix.tensor(), [d]), bias: bias))
    }
    return SelfAttention(
      query: try part(0, "query"), key: try part(1, "key"), value: try part(2, "value"),
      output: w.linear("dense", d, d, bias: bias),
      fused: FusedLinear(
        path: fused.path, components: [.query, .key, .value], layout: .headByHead(heads: s.heads)), rotary: rotary,
      attend: PackedAttention(scale: 1 / Double(s.headDim).squareRoot()), shape: s)
  }
}
