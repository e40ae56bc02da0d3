public import JSON
import Layers

/// Gemma 2 (arXiv 2408.00118): norms on both sides of attention and network, bounded scores, every other layer sliding.
public enum Gemma2: Architecture {
  public static let summary = "Gemma 2"
  public static let modelTypes = ["gemma2"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(
      configuration,
      defaults: .init(activation: .geluTanh, contextLength: 8192, tied: true, headDim: 256, kvHeads: 4),
      activation: "hidden_activation")
    let rotary = c.rotary
    let windows = try c.windows(c.window(default: 4096)) { $0 % 2 == 0 }
    let scale = 1 / (try configuration.above(zero: "query_pre_attn_scalar", default: 256)).squareRoot()
    let attentionCap = try configuration.bound("attn_logit_softcapping", default: 50)
    var around = Transformer.Surroundings.gemma(c.shape)
    around.softcap = try configuration.bound("final_logit_softcapping", default: 30)
    return try Transformer.decoder(
      c, weights, around, biases: .switches(attention: "attention_bias", feedForward: nil)
    ) { w, layer in
      try SandwichNormBlock(
        w, c,
        attention: SelfAttention(
          w("self_attn."), c.shape, inputBias: c.attentionBias, outputBias: c.attentionBias, rotary: rotary,
          attend: c.attend(window: windows[layer], scale: scale, softcap: attentionCap)))
    }
  }
}

extension JSONReader {
  /// A bound on scores: a number above zero, `null` for none, a default where the key is absent.
  fileprivate func bound(_ key: String, default standard: Double) throws -> Double? {
    guard object[key] != nil else { return standard }
    guard let value = try double(ifPresent: key) else { return nil }
    guard value > 0 else {
      throw JSONError.type(key: key, expected: "a number above zero or null", got: "\(value)", source: source)
    }
    return value
  }
}
