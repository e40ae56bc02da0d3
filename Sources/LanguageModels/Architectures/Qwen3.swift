public import JSON

/// Qwen 3, dense (arXiv 2505.09388): Llama whose queries and keys are normed head by head before they turn.
public enum Qwen3: Architecture {
  public static let summary = "Qwen 3 (dense)"
  public static let modelTypes = ["qwen3"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(configuration, defaults: .init(contextLength: 32_768, headDim: 128))
    let rotary = c.rotary
    let windows = try c.upperWindows()
    return try Transformer.decoder(
      c, weights, biases: .switches(attention: "attention_bias", feedForward: nil)
    ) { w, layer in
      var attention = SelfAttention(
        w("self_attn."), c.shape, inputBias: c.attentionBias, outputBias: c.attentionBias, rotary: rotary,
        attend: c.attend(window: windows[layer]))
      attention.queryNorm = try w.rmsNorm("self_attn.q_norm", c.shape.headDim, epsilon: c.normEpsilon)
      attention.keyNorm = try w.rmsNorm("self_attn.k_norm", c.shape.headDim, epsilon: c.normEpsilon)
      return try PreNormBlock(w, c, attention: attention)
    }
  }
}
