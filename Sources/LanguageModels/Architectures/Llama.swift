public import JSON

/// Llama 1, 2 and 3 (arXiv 2302.13971, 2307.09288, 2407.21783) as `transformers.LlamaForCausalLM` computes it.
///
/// Covers grouped-query attention, tied and untied vocabulary matrices, every rotary scaling, attention and MLP biases; and
/// so SmolLM 1 and 2, TinyLlama, and whatever else is published as `llama`.
public enum Llama: Architecture {
  public static let summary = "Llama 1, 2, 3; SmolLM, SmolLM2, TinyLlama"
  public static let modelTypes = ["llama"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(configuration)
    let rotary = c.rotary
    return try Transformer.decoder(
      c, weights, biases: .switches(attention: "attention_bias", feedForward: "mlp_bias")
    ) { w, _ in
      try PreNormBlock(
        w, c,
        attention: SelfAttention(
          w("self_attn."), c.shape, inputBias: c.attentionBias, outputBias: c.attentionBias, rotary: rotary,
          attend: c.attend()),
        mlpBias: c.mlpBias)
    }
  }
}
