public import JSON
import Layers
import Tensors

/// Phi-3, 3.5 and 4 (arXiv 2404.14219): Llama with one matrix for queries, keys and values and one for gate and up.
public enum Phi3: Architecture {
  public static let summary = "Phi-3, Phi-3.5, Phi-4 (text)"
  public static let modelTypes = ["phi3"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(configuration, defaults: .init(normEpsilon: 1e-5, contextLength: 4096))
    let rotary = c.rotary
    let windows = try c.windows(c.window()) { _ in true }
    return try Transformer.decoder(c, weights, biases: .asLlama(windows: windows, c)) { w, layer in
      PreNormBlock(
        attentionNorm: try w.rmsNorm("input_layernorm", c.shape.hidden, epsilon: c.normEpsilon),
        attention: try attention(w("self_attn."), c, rotary, c.attend(window: windows[layer])),
        feedForwardNorm: try w.rmsNorm("post_attention_layernorm", c.shape.hidden, epsilon: c.normEpsilon),
        feedForward: try network(w("mlp."), c))
    }
  }

  /// `qkv_proj` holds the rows of all queries, then all keys, then all values.
  private static func attention(
    _ w: WeightScope, _ c: DecoderConfiguration, _ rotary: RotaryEmbedding, _ attend: PackedAttention
  ) throws(TensorError) -> SelfAttention {
    let s = c.shape
    let (q, kv) = (s.heads * s.headDim, s.kvHeads * s.headDim)
    let fused = w.linear("qkv_proj", q + 2 * kv, s.hidden, bias: false)
    return SelfAttention(
      query: try fused.narrowed(0..<q, path: w.prefix + "q_proj"),
      key: try fused.narrowed(q..<q + kv, path: w.prefix + "k_proj"),
      value: try fused.narrowed(q + kv..<q + 2 * kv, path: w.prefix + "v_proj"),
      output: w.linear("o_proj", s.hidden, q, bias: false),
      fused: FusedLinear(path: fused.path, components: [.query, .key, .value]), rotary: rotary, attend: attend, shape: s
    )
  }

  /// `gate_up_proj` holds the rows of the gate, then those of up.
  private static func network(_ w: WeightScope, _ c: DecoderConfiguration) throws(TensorError) -> GatedMLP {
    let (d, wide) = (c.shape.hidden, c.shape.intermediate)
    let fused = w.linear("gate_up_proj", 2 * wide, d, bias: false)
    return GatedMLP(
      gate: try fused.narrowed(0..<wide, path: w.prefix + "gate_proj"),
      up: try fused.narrowed(wide..<2 * wide, path: w.prefix + "up_proj"),
      down: w.linear("down_proj", d, wide, bias: false),
      fused: FusedLinear(path: fused.path, components: [.mlpGate, .mlpUp]), activation: c.activation)
  }
}
