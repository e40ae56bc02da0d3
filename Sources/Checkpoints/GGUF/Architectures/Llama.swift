import JSON

extension GGUFArchitecture {
  /// Llama, and the models that share its layout: SmolLM2, TinyLlama, Mistral.
  static let llama = GGUFArchitecture(
    name: "llama", layers: "model.layers", outer: .decoderOuter, inner: .llamaInner, form: interleavedQueriesAndKeys
  ) { parameters in
    // Files do not say which of the two a model is; only Mistral has a window.
    if let window = parameters.count("attention.sliding_window"), window > 0 {
      var object = parameters.decoder("mistral", "MistralForCausalLM")
      object["sliding_window"] = .integer(window)
      return object
    }
    return parameters.decoderWithBiases("llama", "LlamaForCausalLM")
  }

  /// SmolLM3: Llama where every fourth layer does not rotate.
  static let smolLM3 = GGUFArchitecture(
    name: "smollm3", layers: "model.layers", outer: .decoderOuter, inner: .llamaInner, form: interleavedQueriesAndKeys
  ) { parameters in
    var object = parameters.decoderWithBiases("smollm3", "SmolLM3ForCausalLM")
    // The file does not say; llama.cpp has the same four (`n_no_rope_layer_step`).
    let interval = 4
    object["no_rope_layer_interval"] = .integer(interval)
    object["no_rope_layers"] = .array((1...parameters.layers).map { .integer($0 % interval == 0 ? 0 : 1) })
    object["use_sliding_window"] = false
    return object
  }

  /// The form of tensors that convert_hf_to_gguf.py's `LlamaModel` writes.
  @Sendable private static func interleavedQueriesAndKeys(
    _ name: Substring, _ parameters: GGUFHyperparameters
  ) -> StoredForm {
    switch name {
    case "attn_q.weight", "attn_q.bias": .interleavedHalves(heads: parameters.heads)
    case "attn_k.weight", "attn_k.bias": .interleavedHalves(heads: parameters.keyValueHeads)
    default: .plain
    }
  }
}

extension GGUFHyperparameters {
  /// A decoder whose configuration says which projections have biases.
  fileprivate func decoderWithBiases(_ modelType: String, _ className: String) -> JSONObject {
    var object = decoder(modelType, className)
    object["attention_bias"] = .bool(has("blk.0.attn_q.bias"))
    object["mlp_bias"] = .bool(has("blk.0.ffn_gate.bias"))
    return object
  }
}
