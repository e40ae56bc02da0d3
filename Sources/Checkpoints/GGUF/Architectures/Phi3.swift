#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif
import JSON

extension GGUFArchitecture {
  /// Phi-3, 3.5 and 4: one matrix for queries, keys and values, one for gate and up, in GGUF as in the Hugging Face layout.
  static let phi3 = GGUFArchitecture(
    name: "phi3", layers: "model.layers", outer: .decoderOuter,
    inner: [
      "attn_norm": "input_layernorm", "attn_qkv": "self_attn.qkv_proj", "attn_output": "self_attn.o_proj",
      "ffn_norm": "post_attention_layernorm", "ffn_up": "mlp.gate_up_proj", "ffn_down": "mlp.down_proj",
    ]
  ) { parameters in
    var object = parameters.decoder("phi3", "Phi3ForCausalLM")
    object["sliding_window"] = .null
    // Zero says that there is none.
    if let window = parameters.count("attention.sliding_window"), window > 0 {
      object["sliding_window"] = .integer(window)
    }
    let original = parameters.count("rope.scaling.original_context_length") ?? parameters.context
    object["original_max_position_embeddings"] = .integer(original)
    if var scaling = object["rope_scaling"]?.object, scaling["type"] == "longrope",
      let factor = parameters.number(ifPresent: "rope.scaling.attn_factor")
    {
      // transformers computes it from the two lengths, and takes no fourth key where that gives the same.
      let stretch = Double(parameters.context) / Double(max(2, original))
      let computed = stretch > 1 ? (1 + log(stretch) / log(Double(max(2, original)))).squareRoot() : 1
      if abs(factor - computed) > 1e-5 * computed {
        scaling["attention_factor"] = .number(factor)
        object["rope_scaling"] = .object(scaling)
      }
    }
    return object
  }
}
