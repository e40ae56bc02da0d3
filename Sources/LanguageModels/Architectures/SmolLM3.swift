public import JSON

/// SmolLM3: Llama in which some layers do not turn queries and keys (NoPE, arXiv 2501.18795).
///
/// It has every switch that a folded bias needs (attention, network, sliding windows), so ``Mistral``, ``Qwen2`` and ``Phi3``
/// with windows are written as it.
public enum SmolLM3: Architecture {
  public static let summary = "SmolLM3"
  public static let modelTypes = ["smollm3"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(
      configuration, defaults: .init(contextLength: 32_768, tied: true, kvHeads: 4, theta: 2_000_000))
    let rotary = c.rotary
    let turns = try turningLayers(c)
    let slides = try configuration.bool(ifPresent: "use_sliding_window") ?? false
    let windows = try c.windows(slides ? c.window() : nil) { !turns[$0] }
    return try Transformer.decoder(
      c, weights, biases: .switches(attention: "attention_bias", feedForward: "mlp_bias")
    ) { w, layer in
      try PreNormBlock(
        w, c,
        attention: SelfAttention(
          w("self_attn."), c.shape, inputBias: c.attentionBias, outputBias: c.attentionBias,
          rotary: turns[layer] ? rotary : nil, attend: c.attend(window: windows[layer])),
        mlpBias: c.mlpBias)
    }
  }

  /// `no_rope_layers`, which despite its name has 1 for layers that turn; without it every `no_rope_layer_interval`th does not.
  private static func turningLayers(_ c: DecoderConfiguration) throws -> [Bool] {
    let isEmpty = c.json.object["no_rope_layers"]?.array?.isEmpty == true
    if !isEmpty, let flags = try c.json.perLayer("no_rope_layers", layers: c.shape.layers) {
      return flags.map { $0.int != 0 }
    }
    let interval = try c.json.positive("no_rope_layer_interval", default: 4)
    return (0..<c.shape.layers).map { ($0 + 1) % interval != 0 }
  }
}
