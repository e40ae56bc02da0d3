/// What the file of one architecture is called in GGUF and in the Hugging Face layout.
///
/// A further architecture is one more value in ``all``.
struct GGUFArchitecture: Sendable {
  /// `general.architecture`, the prefix of the hyperparameters.
  let name: String
  /// `model_type` of config.json.
  let modelType: String
  /// The class that transformers loads.
  let className: String
  /// Names outside the layers.
  let outer: [String: String]
  /// Names within a layer, without `blk.N.` and without `.weight` or `.bias`.
  let inner: [String: String]
  /// Whether the converter interleaved the halves of query and key heads (``RowOrder/interleavedHalves(heads:)``).
  let interleavesHeads: Bool

  static let all: [GGUFArchitecture] = [.llama]

  /// Llama, and the models that share its layout: SmolLM2, TinyLlama, Mistral.
  static let llama = GGUFArchitecture(
    name: "llama", modelType: "llama", className: "LlamaForCausalLM",
    outer: [
      "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
      "rope_freqs": "rope_freqs",
    ],
    inner: [
      "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
      "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
      "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ],
    interleavesHeads: true)

  /// The Hugging Face name of a tensor, `nil` for a name that the architecture does not have.
  func translate(_ name: String) -> String? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let suffix = name[name.index(after: dot)...]
    guard suffix == "weight" || suffix == "bias" else { return nil }
    let stem = name[..<dot]
    if let outer = outer[String(stem)] { return "\(outer).\(suffix)" }
    let parts = stem.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), layer >= 0, String(layer) == parts[1],
      let inner = inner[String(parts[2])]
    else { return nil }
    return "model.layers.\(layer).\(inner).\(suffix)"
  }

  /// The order of rows of a tensor by its own name.
  func rowOrder(of name: String, heads: Int, keyValueHeads: Int) -> RowOrder {
    guard interleavesHeads else { return .plain }
    if name.contains(".attn_q.") { return .interleavedHalves(heads: heads) }
    if name.contains(".attn_k.") { return .interleavedHalves(heads: keyValueHeads) }
    return .plain
  }
}
