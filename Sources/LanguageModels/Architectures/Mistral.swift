public import JSON

/// Mistral (arXiv 2310.06825): Llama whose rows look at the last `sliding_window` rows, where it is set.
public enum Mistral: Architecture {
  public static let summary = "Mistral 7B, Mistral Nemo"
  public static let modelTypes = ["mistral"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(configuration, defaults: .init(contextLength: 131_072, kvHeads: 8))
    let rotary = c.rotary
    let windows = try c.windows(c.window(default: 4096)) { _ in true }
    return try Transformer.decoder(c, weights, biases: .asLlama(windows: windows, c)) { w, layer in
      try PreNormBlock(
        w, c,
        attention: SelfAttention(
          w("self_attn."), c.shape, inputBias: false, outputBias: false, rotary: rotary,
          attend: c.attend(window: windows[layer])))
    }
  }
}
