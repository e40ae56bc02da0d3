import JSON
import Layers

/// What config.json says of a decoder, read under the keys that most architectures share.
///
/// An architecture reads what it has beyond that itself, and passes the defaults that its class in transformers has.
struct DecoderConfiguration {
  /// The defaults of one architecture for keys that may be absent.
  struct Defaults {
    var activation: Activation = .silu
    var normEpsilon = 1e-6
    var contextLength = 2048
    var tied = false
    var headDim: Int?
    var kvHeads: Int?
    var theta = 10_000.0
  }

  let json: JSONReader
  let shape: ModelShape
  let activation: Activation
  let normEpsilon: Double
  /// Base of the rotary frequencies.
  let theta: Double
  let scaling: RotaryScaling
  /// How many dimensions of a head turn.
  let rotaryDimension: Int
  /// Whether the vocabulary projection is the embedding table.
  let tied: Bool
  let attentionBias: Bool
  let mlpBias: Bool

  init(_ json: JSONReader, defaults: Defaults = Defaults(), activation activationKey: String = "hidden_act") throws {
    self.json = json
    let heads = try json.positive("num_attention_heads")
    let kvHeads = try json.positive("num_key_value_heads", default: defaults.kvHeads ?? heads)
    let hidden = try json.positive("hidden_size")
    let headDim =
      try json.int(ifPresent: "head_dim") == nil
      ? defaults.headDim ?? hidden / heads : json.positive("head_dim")
    shape = try ModelShape(
      layers: try json.layers("num_hidden_layers"), hidden: hidden, heads: heads, kvHeads: kvHeads, headDim: headDim,
      intermediate: try json.positive("intermediate_size"), vocabulary: try json.positive("vocab_size"),
      contextLength: try json.positive("max_position_embeddings", default: defaults.contextLength)
    ).checked(json.source)
    activation = try json.activation(activationKey) ?? defaults.activation
    normEpsilon = try json.above(zero: "rms_norm_eps", default: defaults.normEpsilon)
    theta = try json.above(zero: "rope_theta", default: defaults.theta)
    rotaryDimension = try json.rotaryDimension(headDim: headDim, share: "partial_rotary_factor")
    scaling = try json.rotaryScaling(dimension: rotaryDimension, contextLength: shape.contextLength)
    tied = try json.bool(ifPresent: "tie_word_embeddings") ?? defaults.tied
    attentionBias = try json.bool(ifPresent: "attention_bias") ?? false
    mlpBias = try json.bool(ifPresent: "mlp_bias") ?? false
  }

  /// The rotary embedding that the configuration describes.
  var rotary: RotaryEmbedding { RotaryEmbedding(dimension: rotaryDimension, theta: theta, scaling: scaling) }

  /// `1 / sqrt(headDim)`, the factor on attention scores as a rule.
  var headScale: Double { 1 / Double(shape.headDim).squareRoot() }

  /// Attention over the past, or over the last `window` rows of it.
  func attend(window: Int? = nil, scale: Double? = nil, softcap: Double? = nil) -> PackedAttention {
    PackedAttention(scale: scale ?? headScale, reach: window.map { .window($0) } ?? .past, softcap: softcap)
  }

  /// `sliding_window`, where it is a number; a width below one is an error.
  func window(default standard: Int? = nil) throws -> Int? {
    guard let value = json.object["sliding_window"] else { return standard }
    // Some write a number without end for a window over everything.
    return value.isNull ? nil : try json.positive("sliding_window", upTo: 1 << 40)
  }

  /// The window of each layer, `nil` where it sees all of the past: `layer_types` where it is there, else a rule.
  func windows(_ window: Int?, sliding rule: (Int) -> Bool) throws -> [Int?] {
    guard let types = try json.perLayer("layer_types", layers: shape.layers) else {
      return (0..<shape.layers).map { rule($0) ? window : nil }
    }
    return try types.map { type in
      switch type.string {
      case "full_attention": return nil
      case "sliding_attention": return window
      default:
        throw ModelError.unsupported(
          key: "layer_types", value: type.text, source: json.source, supported: "full_attention, sliding_attention")
      }
    }
  }
}
