import Layers
import Tensors

extension Transformer {
  /// What some decoders have around their blocks and Llama has not.
  struct Surroundings {
    /// What stands before `embed_tokens`, `layers` and `norm`.
    var prefix = "model."
    /// Name of the vocabulary projection, without `.weight`.
    var head = "lm_head"
    /// Factor on the embedding (Gemma).
    var embeddingScale = 1.0
    /// Added to the final norm's weight (Gemma).
    var normOffset = 0.0
    /// Bound on the vocabulary scores (Gemma 2).
    var softcap: Double?
    /// Tensors of the checkpoint that are no part of the decoder.
    var ignoring: [String] = []
  }

  /// A decoder under the names of Llama, with blocks of its architecture's making.
  static func decoder(
    _ c: DecoderConfiguration, _ weights: WeightLoader, _ around: Surroundings = Surroundings(), biases: BiasCarrier,
    block: (WeightScope, Int) throws -> any Block
  ) throws -> Transformer {
    let s = c.shape
    try weights.expect(s)
    let w = weights.scope(around.prefix)
    let table = w.matrix("embed_tokens.weight", s.vocabulary, s.hidden)
    let blocks = try (0..<s.layers).map { try block(w("layers.\($0)."), $0) }
    let norm = try w.rmsNorm("norm", s.hidden, epsilon: c.normEpsilon, plus: around.normOffset)
    let projection = c.tied ? table : weights.matrix(around.head + ".weight", s.vocabulary, s.hidden)
    // A tied matrix may still be written out a second time.
    try weights.finish(ignoring: around.ignoring + (c.tied ? [around.head + ".weight"] : []))
    return Transformer(
      s, embedding: TokenEmbedding(table: table, scale: around.embeddingScale), blocks: blocks, norm: norm,
      head: VocabularyHead(projection: Linear(projection), softcap: around.softcap), biases: biases,
      weights: weights)
  }
}
