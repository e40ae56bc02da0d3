public import JSON
import Layers
import Tensors

/// GPT-2 (Radford et al. 2019): learned positions, layer norms, one matrix for queries, keys and values.
///
/// Its matrices lie as `[in, out]`, and published checkpoints have their names with and without `transformer.` in front.
public enum GPT2: Architecture {
  public static let summary = "GPT-2, DistilGPT-2"
  public static let modelTypes = ["gpt2"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let s = try shape(configuration)
    try weights.expect(s)
    let epsilon = try configuration.above(zero: "layer_norm_epsilon", default: 1e-5)
    let activation = try configuration.activation("activation_function") ?? .geluTanh
    let tied = try configuration.bool(ifPresent: "tie_word_embeddings") ?? true
    let w = weights.scope(weights.prefix(of: "wte.weight", among: ["transformer.", ""]))
    let table = w.matrix("wte.weight", s.vocabulary, s.hidden)
    let positions = w.take("wpe.weight", [s.contextLength, s.hidden])
    let blocks = try (0..<s.layers).map { layer in
      let w = w("h.\(layer).")
      return PreNormBlock(
        attentionNorm: w.layerNorm("ln_1", s.hidden, epsilon: epsilon),
        attention: try attention(w("attn."), s, scale: scale(configuration, s, layer)),
        feedForwardNorm: w.layerNorm("ln_2", s.hidden, epsilon: epsilon),
        feedForward: PlainMLP(
          up: try w.conv1D("mlp.c_fc", s.intermediate, s.hidden),
          down: try w.conv1D("mlp.c_proj", s.hidden, s.intermediate), activation: activation))
    }
    let norm = w.layerNorm("ln_f", s.hidden, epsilon: epsilon)
    let projection = tied ? table : weights.matrix("lm_head.weight", s.vocabulary, s.hidden)
    try weights.finish(ignoring: tied ? ["lm_head.weight"] : [])
    return Transformer(
      s, embedding: TokenEmbedding(table: table, positions: (positions, first: 0)), blocks: blocks, norm: norm,
      head: VocabularyHead(projection: Linear(projection)), biases: .switches(attention: nil, feedForward: nil),
      weights: weights)
  }

  private static func shape(_ json: JSONReader) throws -> ModelShape {
    let (hidden, heads) = (try json.positive("n_embd"), try json.positive("n_head"))
    guard hidden % heads == 0 else {
      throw ModelError.inconsistent(
        problem: "n_embd (\(hidden)) must be a multiple of n_head (\(heads))", source: json.source)
    }
    return try ModelShape(
      layers: try json.layers("n_layer"), hidden: hidden, heads: heads, kvHeads: heads, headDim: hidden / heads,
      intermediate: try json.positive("n_inner", default: 4 * hidden), vocabulary: try json.positive("vocab_size"),
      contextLength: try json.positive("n_positions", default: 1024)
    ).checked(json.source)
  }

  /// The factor on attention scores; some training recipes divide it by the layer's number.
  private static func scale(_ json: JSONReader, _ s: ModelShape, _ layer: Int) throws -> Double {
    let scales = try json.bool(ifPresent: "scale_attn_weights") ?? true
    let byLayer = try json.bool(ifPresent: "scale_attn_by_inverse_layer_idx") ?? false
    return (scales ? 1 / Double(s.headDim).squareRoot() : 1) / (byLayer ? Double(layer + 1) : 1)
  }

  /// `c_attn` holds all queries, then all keys, then all values.
  private static func attention(_ w: WeightScope, _ s: ModelShape, scale: Double) throws(TensorError) -> SelfAttention {
    let d = s.hidden
    let fused = try w.conv1D("c_attn", 3 * d, d)
    return SelfAttention(
      query: try fused.narrowed(0..<d, path: w.prefix + "query"),
      key: try fused.narrowed(d..<2 * d, path: w.prefix + "key"),
      value: try fused.narrowed(2 * d..<3 * d, path: w.prefix + "value"), output: try w.conv1D("c_proj", d, d),
      fused: FusedLinear(path: fused.path, components: [.query, .key, .value], isTransposed: true),
      attend: PackedAttention(scale: scale), shape: s)
  }
}
