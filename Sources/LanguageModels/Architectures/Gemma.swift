public import JSON
import Layers

/// Gemma 1 (arXiv 2403.08295): Llama with embeddings scaled by `sqrt(d)`, norms that multiply by `1 + weight`, and a network
/// gated by GELU.
public enum Gemma: Architecture {
  public static let summary = "Gemma 1"
  public static let modelTypes = ["gemma"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(
      configuration, defaults: .init(activation: .geluTanh, contextLength: 8192, tied: true, headDim: 256, kvHeads: 16),
      activation: activationKey(configuration))
    let rotary = c.rotary
    return try Transformer.decoder(
      c, weights, .gemma(c.shape), biases: .switches(attention: "attention_bias", feedForward: nil)
    ) { w, _ in
      try PreNormBlock(
        w, c,
        attention: SelfAttention(
          w("self_attn."), c.shape, inputBias: c.attentionBias, outputBias: c.attentionBias, rotary: rotary,
          attend: c.attend()),
        plus: 1)
    }
  }

  /// Early checkpoints say `hidden_act: gelu` and mean the tanh approximation that they were trained with, which
  /// `hidden_activation` then came to say.
  private static func activationKey(_ json: JSONReader) -> String {
    json.object["hidden_act"]?.string == "gelu" ? "hidden_activation" : "hidden_act"
  }
}

extension Transformer.Surroundings {
  /// Embeddings scaled by `sqrt(d)`, norms that multiply by `1 + weight`.
  static func gemma(_ shape: ModelShape) -> Self {
    Self(embeddingScale: Double(shape.hidden).squareRoot(), normOffset: 1)
  }
}
