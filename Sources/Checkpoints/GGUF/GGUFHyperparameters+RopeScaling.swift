import JSON

/// How GGUF says that rotary frequencies are scaled: by metadata, or by a tensor of factors.
extension GGUFHyperparameters {
  /// The value of `rope_scaling` in config.json, `nil` where frequencies are as they are.
  ///
  /// A tensor of factors (Llama 3.1, LongRoPE) becomes part of the configuration. What cannot be told is noted as a problem:
  /// a model that is scaled otherwise than it was trained talks nonsense.
  func ropeScaling() -> JSONObject? {
    if let factors = factors("rope_freqs.weight") {
      let theta = number(ifPresent: "rope.freq_base") ?? 10000
      return Llama3RopeFactors.scaling(factors, theta: theta, rotaryDimension: rotaryDimension)
    }
    if has("rope_factors_long.weight") || has("rope_factors_short.weight") { return longRope() }
    var factor = number(ifPresent: "rope.scaling.factor")
    var type = text(ifPresent: "rope.scaling.type")
    if type == nil, factor == nil, let old = number(ifPresent: "rope.scale_linear"), old != 1 {
      (type, factor) = ("linear", old)  // what files of 2023 say
    }
    guard let type, type != "none" else { return nil }
    guard type == "linear" || type == "yarn" else {
      let supported = "none, linear, yarn, longrope with its factors, or the factors of Llama 3.1"
      note(
        .unsupported(
          file: file.path, what: "the rope scaling '\(type)' (metadata '\(prefix).rope.scaling.type')",
          remedy: "use a model whose rope scaling is one of: \(supported)"))
      return nil
    }
    var scaling: JSONObject = ["rope_type": .string(type), "factor": .number(factor ?? 1)]
    if factor == nil {
      note(
        .malformed(
          file: file.path, place: "metadata",
          problem: "the key '\(prefix).rope.scaling.factor' is missing, which the rope scaling '\(type)' needs"))
    }
    if type == "yarn" {
      scaling["original_max_position_embeddings"] = count("rope.scaling.original_context_length").map { .integer($0) }
      scaling["beta_fast"] = number(ifPresent: "rope.scaling.yarn_beta_fast").map { .number($0) }
      scaling["beta_slow"] = number(ifPresent: "rope.scaling.yarn_beta_slow").map { .number($0) }
      scaling["attention_factor"] = number(ifPresent: "rope.scaling.yarn_attn_factor").map { .number($0) }
    }
    return scaling
  }

  /// The two lists of factors that Phi-3's long models have.
  private func longRope() -> JSONObject? {
    guard let long = factors("rope_factors_long.weight"), let short = factors("rope_factors_short.weight") else {
      note(
        .malformed(
          file: file.path, place: "list of tensors",
          problem: "one of 'rope_factors_long.weight' and 'rope_factors_short.weight' is missing or wrong"))
      return nil
    }
    func list(_ factors: [Float]) -> JSONValue { .array(factors.map { .number(GGUFValue.shortest($0)) }) }
    return ["type": "longrope", "short_factor": list(short), "long_factor": list(long)]
  }

  /// A tensor of one factor for each rotary frequency.
  private func factors(_ name: String) -> [Float]? {
    guard let tensor = file.tensors.first(where: { $0.name == name }) else { return nil }
    guard tensor.elementCount == rotaryDimension / 2 else {
      note(
        .malformed(
          file: file.path, place: "tensor '\(name)'",
          problem: "expected \(rotaryDimension / 2) factors, one for each rotary frequency, got \(tensor.elementCount)")
      )
      return nil
    }
    guard let factors = noting({ () throws(CheckpointError) in try tensor.floats() }) else { return nil }
    guard factors.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      note(.malformed(file: file.path, place: "tensor '\(name)'", problem: "the factors must be positive numbers"))
      return nil
    }
    return factors
  }
}
