import JSON
import Layers
import Tensors

/// What the parts of an encoder are called in its checkpoints.
struct EncoderNames {
  /// What stands before the encoder's own names, or may be left out.
  let prefix: String
  let headDense, headNorm, headBias, decoder: String
  /// Beginnings of names that have nothing to do with hidden states and vocabulary scores.
  let ignoring: [String]
}

extension Transformer {
  /// An encoder of BERT's shape.
  ///
  /// - Parameter firstPosition: the row of the position table for the first token.
  static func encoder(
    _ json: JSONReader, _ weights: WeightLoader, _ names: EncoderNames, firstPosition: Int
  ) throws -> Transformer {
    let positions = try json.positive("max_position_embeddings", default: 512)
    let s = try encoderShape(json, contextLength: positions - firstPosition)
    try weights.expect(s)
    let epsilon = try json.above(zero: "layer_norm_eps", default: 1e-12)
    let activation = try json.activation("hidden_act") ?? .gelu
    try check(json)
    let w = weights.scope(weights.prefix(of: "embeddings.word_embeddings.weight", among: [names.prefix, ""]))
    let table = w.matrix("embeddings.word_embeddings.weight", s.vocabulary, s.hidden)
    let embedding = TokenEmbedding(
      table: table,
      positions: (w.take("embeddings.position_embeddings.weight", [positions, s.hidden]), first: firstPosition),
      types: w.take(
        "embeddings.token_type_embeddings.weight", [try json.positive("type_vocab_size", default: 2), s.hidden]),
      norm: w.layerNorm("embeddings.LayerNorm", s.hidden, epsilon: epsilon))
    let blocks = (0..<s.layers).map { layer in
      let w = w("encoder.layer.\(layer).")
      let attention = SelfAttention(
        query: w.linear("attention.self.query", s.hidden, s.hidden, bias: true),
        key: w.linear("attention.self.key", s.hidden, s.hidden, bias: true),
        value: w.linear("attention.self.value", s.hidden, s.hidden, bias: true),
        output: w.linear("attention.output.dense", s.hidden, s.hidden, bias: true),
        attend: PackedAttention(scale: 1 / Double(s.headDim).squareRoot(), reach: .everything), shape: s)
      return PostNormBlock(
        attention: attention,
        attentionNorm: w.layerNorm("attention.output.LayerNorm", s.hidden, epsilon: epsilon),
        feedForward: PlainMLP(
          up: w.linear("intermediate.dense", s.intermediate, s.hidden, bias: true),
          down: w.linear("output.dense", s.hidden, s.intermediate, bias: true), activation: activation),
        feedForwardNorm: w.layerNorm("output.LayerNorm", s.hidden, epsilon: epsilon))
    }
    let head = try head(weights, names, s, table: table, epsilon: epsilon, activation, json)
    // The head's matrix and bias are often written twice, tied.
    try weights.finish(ignoring: names.ignoring + [names.decoder + ".weight", names.decoder + ".bias"])
    return Transformer(
      s, embedding: embedding, blocks: blocks, norm: nil, head: head,
      biases: .switches(attention: nil, feedForward: nil), isCausal: false, weights: weights)
  }

  private static func encoderShape(_ json: JSONReader, contextLength: Int) throws -> ModelShape {
    let (hidden, heads) = (try json.positive("hidden_size"), try json.positive("num_attention_heads"))
    guard hidden % heads == 0, contextLength > 0 else {
      throw ModelError.inconsistent(
        problem:
          "hidden_size (\(hidden)) must be a multiple of num_attention_heads (\(heads)), and positions must be left "
          + "behind the padding id", source: json.source)
    }
    return try ModelShape(
      layers: try json.layers("num_hidden_layers"), hidden: hidden, heads: heads, kvHeads: heads,
      headDim: hidden / heads, intermediate: try json.positive("intermediate_size"),
      vocabulary: try json.positive("vocab_size"), contextLength: contextLength
    ).checked(json.source)
  }

  /// Refuses what the published encoders of this shape do not have.
  private static func check(_ json: JSONReader) throws {
    let kind = try json.string(ifPresent: "position_embedding_type") ?? "absolute"
    guard kind == "absolute" else {
      throw ModelError.unsupported(
        key: "position_embedding_type", value: "'\(kind)'", source: json.source, supported: "absolute")
    }
    guard try json.bool(ifPresent: "is_decoder") != true else {
      throw ModelError.unsupported(key: "is_decoder", value: "true", source: json.source, supported: "false")
    }
  }

  /// The masked-language head; `nil` where the checkpoint has none.
  private static func head(
    _ weights: WeightLoader, _ names: EncoderNames, _ s: ModelShape, table: WeightMatrix, epsilon: Double,
    _ activation: Activation, _ json: JSONReader
  ) throws -> VocabularyHead? {
    guard weights.has(names.headDense + ".weight") else { return nil }
    let w = weights.scope("")
    let tied = try json.bool(ifPresent: "tie_word_embeddings") ?? true
    let matrix = tied ? table : w.matrix(names.decoder + ".weight", s.vocabulary, s.hidden)
    return VocabularyHead(
      projection: Linear(matrix, bias: w.take(names.headBias, [s.vocabulary])),
      transform: (
        dense: w.linear(names.headDense, s.hidden, s.hidden, bias: true).map, activation: activation,
        norm: w.layerNorm(names.headNorm, s.hidden, epsilon: epsilon)
      ))
  }
}
