public import JSON
import Layers

/// Gemma 3, the text model (arXiv 2503.19786): normed queries and keys, five sliding layers for each that sees everything,
/// and another rotary base for the sliding ones.
///
/// The checkpoints that see images too (`gemma3`) give their text model: `text_config`, and the tensors below `language_model`.
public enum Gemma3: Architecture {
  public static let summary = "Gemma 3 (text)"
  public static let modelTypes = ["gemma3_text", "gemma3"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let text = try configuration.reader(ifPresent: "text_config") ?? configuration
    let c = try DecoderConfiguration(
      text,
      defaults: .init(
        activation: .geluTanh, contextLength: 131_072, tied: true, headDim: 256, kvHeads: 4, theta: 1_000_000),
      activation: "hidden_activation")
    let pattern = try text.positive("sliding_window_pattern", default: 6)
    let windows = try c.windows(c.window(default: 4096)) { ($0 + 1) % pattern != 0 }
    let rotary = c.rotary
    let localTheta = try text.above(zero: "rope_local_base_freq", default: 10_000)
    let localRotary = RotaryEmbedding(dimension: c.rotaryDimension, theta: localTheta)
    let scale = 1 / (try text.above(zero: "query_pre_attn_scalar", default: 256)).squareRoot()
    var around = Transformer.Surroundings.gemma(c.shape)
    around.prefix = weights.prefix(
      of: "embed_tokens.weight", among: ["model.", "language_model.model.", "model.language_model."])
    around.head = around.prefix == "language_model.model." ? "language_model.lm_head" : "lm_head"
    around.ignoring = [
      "vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.",
    ]
    let within = text.object == configuration.object ? nil : (key: "text_config", object: text.object)
    return try Transformer.decoder(
      c, weights, around, biases: .switches(attention: "attention_bias", feedForward: nil, within: within)
    ) { w, layer in
      var attention = SelfAttention(
        w("self_attn."), c.shape, inputBias: c.attentionBias, outputBias: c.attentionBias,
        rotary: windows[layer] == nil ? rotary : localRotary, attend: c.attend(window: windows[layer], scale: scale))
      attention.queryNorm = try w.rmsNorm("self_attn.q_norm", c.shape.headDim, epsilon: c.normEpsilon, plus: 1)
      attention.keyNorm = try w.rmsNorm("self_attn.k_norm", c.shape.headDim, epsilon: c.normEpsilon, plus: 1)
      return try SandwichNormBlock(w, c, attention: attention)
    }
  }
}
