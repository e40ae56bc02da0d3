import JSON

/// What a model of one architecture is called in GGUF and in the Hugging Face layout.
///
/// A further architecture is one more value, in a file of ``all``'s folder, and its name in ``all``. Sources: the `gguf`
/// package (`constants.py`, `tensor_mapping.py`) for names, convert_hf_to_gguf.py for what it does to tensors, transformers
/// for the keys of config.json.
struct GGUFArchitecture: Sendable {
  /// `general.architecture`, the prefix of the hyperparameters.
  let name: String
  /// What the Hugging Face names of layers begin with, `blk` in GGUF: `model.layers`.
  let layers: String
  /// Names outside the layers.
  let outer: [String: String]
  /// Names within a layer, without `blk.N.` and without `.weight` or `.bias`.
  let inner: [String: String]
  /// In which form a tensor lies in the file, by its GGUF name without `blk.N.`, such as `attn_q.weight`.
  let form: @Sendable (_ name: Substring, _ parameters: GGUFHyperparameters) -> StoredForm
  /// The keys of config.json.
  let configuration: @Sendable (GGUFHyperparameters) -> JSONObject

  init(
    name: String, layers: String, outer: [String: String], inner: [String: String],
    form: @escaping @Sendable (Substring, GGUFHyperparameters) -> StoredForm = { _, _ in .plain },
    configuration: @escaping @Sendable (GGUFHyperparameters) -> JSONObject
  ) {
    self.name = name
    self.layers = layers
    self.outer = outer
    self.inner = inner
    self.form = form
    self.configuration = configuration
  }

  static let all: [GGUFArchitecture] = [
    .llama, .smolLM3, .qwen2, .qwen3, .gemma, .gemma2, .gemma3, .phi3, .gpt2, .gptNeoX, .bert,
  ]

  /// Tensors that are no weights: rotary factors, which become part of the configuration, and the rotary tables of old
  /// converters, which nobody reads.
  static let rotary: Set<Substring> = ["rope_freqs", "rope_factors_long", "rope_factors_short", "attn_rot_embd"]

  /// What becomes of a tensor.
  enum Translation: Equatable {
    /// A weight, by its Hugging Face name.
    case weight(name: String, form: StoredForm)
    /// No weight.
    case rotary
  }

  /// What becomes of a tensor by its GGUF name, `nil` for a name that the architecture does not have.
  func translate(_ name: String, _ parameters: GGUFHyperparameters) -> Translation? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let suffix = name[name.index(after: dot)...]
    guard suffix == "weight" || suffix == "bias" else { return nil }
    let stem = name[..<dot]
    if Self.rotary.contains(stem) { return .rotary }
    if let outer = outer[String(stem)] {
      return .weight(name: "\(outer).\(suffix)", form: form(name[...], parameters))
    }
    let parts = stem.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), layer >= 0, String(layer) == parts[1] else {
      return nil
    }
    if Self.rotary.contains(parts[2]) { return .rotary }
    guard let inner = inner[String(parts[2])] else { return nil }
    let within = name[parts[2].startIndex...]
    return .weight(name: "\(layers).\(layer).\(inner).\(suffix)", form: form(within, parameters))
  }
}

extension [String: String] {
  /// The names outside the layers that most decoders have.
  static let decoderOuter = ["token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"]

  /// The names within a layer of Llama, and of the many that follow it.
  static let llamaInner = [
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
  ]

  /// Norms of queries and keys.
  static let headNorms = ["attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"]

  /// These names and others, which count where a name stands in both.
  func with(_ others: [String: String]) -> [String: String] { merging(others) { _, new in new } }
}
