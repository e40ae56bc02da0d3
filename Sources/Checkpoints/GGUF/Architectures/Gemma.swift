import JSON

extension GGUFArchitecture {
  /// Gemma 1.
  static let gemma = GGUFArchitecture(
    name: "gemma", layers: "model.layers", outer: .decoderOuter, inner: .llamaInner, form: raisedNorms
  ) { parameters in
    var object = parameters.gemma("gemma", "GemmaForCausalLM")
    object["hidden_act"] = "gelu_pytorch_tanh"
    return object
  }

  /// Gemma 2: norms around both halves of a layer, capped logits, a window in every other layer.
  static let gemma2 = GGUFArchitecture(
    name: "gemma2", layers: "model.layers", outer: .decoderOuter, inner: .llamaInner.with(.gemmaNorms),
    form: raisedNorms
  ) { parameters in
    var object = parameters.gemma("gemma2", "Gemma2ForCausalLM")
    object["hidden_activation"] = "gelu_pytorch_tanh"
    // The first converted files lack the caps and the window; these are the values of every Gemma 2.
    object["attn_logit_softcapping"] = .number(parameters.number(ifPresent: "attn_logit_softcapping") ?? 50)
    object["final_logit_softcapping"] = .number(parameters.number(ifPresent: "final_logit_softcapping") ?? 30)
    object["sliding_window"] = .integer(parameters.size("attention.sliding_window", default: 4096))
    object["layer_types"] = parameters.layerTypes(fullEvery: 2)
    object["query_pre_attn_scalar"] = parameters.queryScalar(layersOf27B: 46)
    return object
  }

  /// Gemma 3, the text model: norms of queries and keys, a window in five of six layers, which have a rotary base of their own.
  static let gemma3 = GGUFArchitecture(
    name: "gemma3", layers: "model.layers", outer: .decoderOuter,
    inner: .llamaInner.with(.gemmaNorms).with(.headNorms), form: raisedNorms
  ) { parameters in
    var object = parameters.gemma("gemma3_text", "Gemma3ForCausalLM")
    object["hidden_activation"] = "gelu_pytorch_tanh"
    if parameters.number(ifPresent: "rope.freq_base") == nil { object["rope_theta"] = 1_000_000.0 }
    object["rope_local_base_freq"] = .number(parameters.number(ifPresent: "rope.freq_base_swa") ?? 10000)
    object["attn_logit_softcapping"] = parameters.number(ifPresent: "attn_logit_softcapping").map { .number($0) }
    object["final_logit_softcapping"] = parameters.number(ifPresent: "final_logit_softcapping").map { .number($0) }
    if let window = parameters.count("attention.sliding_window"), window > 0 {
      object["sliding_window"] = .integer(window)
      object["layer_types"] = parameters.layerTypes(fullEvery: 6)
    } else {
      // The converter leaves the window out where no layer has one.
      object["layer_types"] = parameters.layerTypes(fullEvery: 1)
    }
    object["query_pre_attn_scalar"] = parameters.queryScalar(layersOf27B: 62)
    return object
  }

  /// The form of tensors that convert_hf_to_gguf.py's `GemmaModel` writes: 1 + w for every norm.
  @Sendable private static func raisedNorms(_ name: Substring, _: GGUFHyperparameters) -> StoredForm {
    name.hasSuffix("norm.weight") ? .raised(by: 1) : .plain
  }
}

extension [String: String] {
  /// The four norms of a layer.
  fileprivate static let gemmaNorms = [
    "attn_norm": "input_layernorm", "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
  ]
}

extension GGUFHyperparameters {
  fileprivate func gemma(_ modelType: String, _ className: String) -> JSONObject {
    var object = decoder(modelType, className)
    object["hidden_act"] = nil  // Gemma 2 and 3 call it hidden_activation
    object["attention_bias"] = .bool(has("blk.0.attn_q.bias"))
    return object
  }

  /// Which layers see everything and which a window: what the file says, else every `period`-th everything.
  fileprivate func layerTypes(fullEvery period: Int) -> JSONValue {
    let key = "attention.sliding_window_pattern"
    var windowed = (1...layers).map { $0 % period != 0 }
    switch file.metadata["\(prefix).\(key)"] {
    case nil: break
    case .integer(let period) where period > 0: windowed = (1...layers).map { $0 % period != 0 }
    case .array(let flags) where flags.count == layers && flags.allSatisfy({ $0.bool != nil }):
      windowed = flags.map { $0.bool ?? false }
    case .some(let value):
      note(
        .malformed(
          file: file.path, place: "metadata '\(prefix).\(key)'",
          problem: "expected a period or \(layers) truth values, got \(value.kind)"))
    }
    return .array(windowed.map { $0 ? "sliding_attention" : "full_attention" })
  }

  /// The number whose root divides the scores.
  ///
  /// Where the file does not say (`attention.scale`), it is the size of a head, except in the 27B models, which are known by
  /// their number of layers and divide the width by the heads (llama.cpp's rule; the published 144 and 168).
  fileprivate func queryScalar(layersOf27B: Int) -> JSONValue {
    if let scale = number(ifPresent: "attention.scale"), scale > 0 {
      let scalar = 1 / (scale * scale)
      // A scale is stored in single precision; what it came from is a whole number.
      return abs(scalar - scalar.rounded()) < 1e-4 * scalar && scalar < 1e9
        ? .integer(Int(scalar.rounded())) : .number(scalar)
    }
    return .integer(layers == layersOf27B ? hidden / heads : headDimension)
  }
}
