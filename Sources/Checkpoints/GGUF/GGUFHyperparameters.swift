import JSON

/// The hyperparameters of a decoder in GGUF metadata, and their translation to config.json.
struct GGUFHyperparameters {
  let layers: Int
  let hidden: Int
  let heads: Int
  let keyValueHeads: Int
  let headDimension: Int
  let rotaryDimension: Int
  let intermediate: Int
  let context: Int
  let epsilon: Double
  let ropeTheta: Double
  let ropeScaling: JSONObject?

  init(_ metadata: GGUFMetadata, prefix: String) throws(CheckpointError) {
    func size(_ key: String, default value: Int? = nil) throws(CheckpointError) -> Int {
      let key = "\(prefix).\(key)"
      let size = try metadata.required(key, metadata.int(key) ?? value)
      guard size > 0, size <= Int(Int32.max) else {
        throw .malformed(file: metadata.file, place: "metadata '\(key)'", problem: "\(size) is no possible size")
      }
      return size
    }
    layers = try size("block_count")
    hidden = try size("embedding_length")
    heads = try size("attention.head_count")
    keyValueHeads = try size("attention.head_count_kv", default: heads)
    headDimension = try size("attention.key_length", default: hidden / heads)
    rotaryDimension = try size("rope.dimension_count", default: headDimension)
    intermediate = try size("feed_forward_length")
    context = try size("context_length")
    let epsilonKey = "\(prefix).attention.layer_norm_rms_epsilon"
    epsilon = try metadata.required(epsilonKey, metadata.double(epsilonKey))
    // 10000 is the value of the rotary paper and what llama.cpp takes where the key is absent.
    ropeTheta = try metadata.double("\(prefix).rope.freq_base") ?? 10000
    ropeScaling = try Self.ropeScaling(metadata, prefix: prefix)
  }

  private static func ropeScaling(_ metadata: GGUFMetadata, prefix: String) throws(CheckpointError) -> JSONObject? {
    guard let type = try metadata.string("\(prefix).rope.scaling.type"), type != "none" else { return nil }
    var scaling: JSONObject = ["rope_type": .string(type)]
    if let factor = try metadata.double("\(prefix).rope.scaling.factor") { scaling["factor"] = .number(factor) }
    if let length = try metadata.int("\(prefix).rope.scaling.original_context_length") {
      scaling["original_max_position_embeddings"] = .integer(length)
    }
    return scaling
  }

  /// The keys of config.json as transformers names them.
  func configuration(
    _ architecture: GGUFArchitecture, _ tensors: TensorTable, _ tokenizer: GGUFTokenizer?
  ) throws(CheckpointError) -> JSONObject {
    let embedding = try tensors.tensor("model.embed_tokens.weight")
    var object: JSONObject = [
      "architectures": [.string(architecture.className)],
      "model_type": .string(architecture.modelType),
      "hidden_size": .integer(hidden),
      "intermediate_size": .integer(intermediate),
      "num_hidden_layers": .integer(layers),
      "num_attention_heads": .integer(heads),
      "num_key_value_heads": .integer(keyValueHeads),
      "head_dim": .integer(headDimension),
      "hidden_act": "silu",
      "rms_norm_eps": .number(epsilon),
      "rope_theta": .number(ropeTheta),
      "max_position_embeddings": .integer(context),
      "vocab_size": .integer(embedding.shape[0]),
      "tie_word_embeddings": .bool(tensors["lm_head.weight"] == nil),
      "attention_bias": .bool(tensors["model.layers.0.self_attn.q_proj.bias"] != nil),
      "mlp_bias": .bool(tensors["model.layers.0.mlp.gate_proj.bias"] != nil),
      "torch_dtype": "float32",
    ]
    if rotaryDimension != headDimension {
      object["partial_rotary_factor"] = .number(Double(rotaryDimension) / Double(headDimension))
    }
    if tensors["rope_freqs.weight"] != nil {
      // The file has one factor for each rotary frequency (Llama 3.1), from which the four numbers of config.json cannot be
      // told; a reader that does not know this kind must refuse it rather than leave the factors out.
      object["rope_scaling"] = .object(["rope_type": "factors", "tensor": "rope_freqs.weight"])
    } else if let ropeScaling {
      object["rope_scaling"] = .object(ropeScaling)
    }
    object["bos_token_id"] = tokenizer?.bosID.map { .integer($0) }
    object["eos_token_id"] = tokenizer?.eosID.map { .integer($0) }
    object["pad_token_id"] = tokenizer?.paddingID.map { .integer($0) }
    return object
  }
}
