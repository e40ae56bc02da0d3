import JSON

extension GGUFArchitecture {
  /// Qwen 2 and 2.5: biases on queries, keys and values, which the configuration does not name.
  static let qwen2 = GGUFArchitecture(
    name: "qwen2", layers: "model.layers", outer: .decoderOuter, inner: .llamaInner
  ) { parameters in
    var object = parameters.decoder("qwen2", "Qwen2ForCausalLM")
    object["use_sliding_window"] = false  // files have no window
    return object
  }

  /// Qwen 3: norms of queries and keys.
  static let qwen3 = GGUFArchitecture(
    name: "qwen3", layers: "model.layers", outer: .decoderOuter, inner: .llamaInner.with(.headNorms)
  ) { parameters in
    var object = parameters.decoder("qwen3", "Qwen3ForCausalLM")
    object["attention_bias"] = .bool(parameters.has("blk.0.attn_q.bias"))
    object["use_sliding_window"] = false
    return object
  }
}
