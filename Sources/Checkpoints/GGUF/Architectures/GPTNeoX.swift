import JSON

extension GGUFArchitecture {
  /// GPT-NeoX and Pythia. Its Hugging Face layout has query, key and value of each head together.
  static let gptNeoX = GGUFArchitecture(
    name: "gptneox", layers: "gpt_neox.layers",
    outer: ["token_embd": "gpt_neox.embed_in", "output_norm": "gpt_neox.final_layer_norm", "output": "embed_out"],
    inner: [
      "attn_norm": "input_layernorm", "attn_qkv": "attention.query_key_value", "attn_output": "attention.dense",
      "ffn_norm": "post_attention_layernorm", "ffn_up": "mlp.dense_h_to_4h", "ffn_down": "mlp.dense_4h_to_h",
    ],
    form: { name, parameters in
      name.hasPrefix("attn_qkv.") ? .partsApart(parts: 3, heads: parameters.heads) : .plain
    }
  ) { parameters in
    var object: JSONObject = [
      "architectures": ["GPTNeoXForCausalLM"],
      "model_type": "gpt_neox",
      "hidden_size": .integer(parameters.hidden),
      "intermediate_size": .integer(parameters.intermediate),
      "num_hidden_layers": .integer(parameters.layers),
      "num_attention_heads": .integer(parameters.heads),
      // The file does not say; Pythia's models, and transformers where nothing is said, have the exact one.
      "hidden_act": "gelu",
      "layer_norm_eps": .number(parameters.number("attention.layer_norm_epsilon")),
      "rotary_pct": .number(Double(parameters.rotaryDimension) / Double(parameters.headDimension)),
      "rotary_emb_base": .number(parameters.number(ifPresent: "rope.freq_base") ?? 10000),
      "use_parallel_residual": .bool(parameters.flag(ifPresent: "use_parallel_residual") ?? true),
      "max_position_embeddings": .integer(parameters.context),
      "vocab_size": .integer(parameters.vocabulary),
      "attention_bias": .bool(parameters.has("blk.0.attn_qkv.bias")),
      "tie_word_embeddings": .bool(!parameters.has("output.weight")),
    ]
    if let scaling = parameters.ropeScaling() { object["rope_scaling"] = .object(scaling) }
    return object
  }
}
