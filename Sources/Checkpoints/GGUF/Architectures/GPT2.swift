import JSON

extension GGUFArchitecture {
  /// GPT-2. Its Hugging Face layout has matrices as [in, out] (`Conv1D`), GGUF as [out, in].
  static let gpt2 = GGUFArchitecture(
    name: "gpt2", layers: "transformer.h",
    outer: [
      "token_embd": "transformer.wte", "position_embd": "transformer.wpe", "output_norm": "transformer.ln_f",
      "output": "lm_head",
    ],
    inner: [
      "attn_norm": "ln_1", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_norm": "ln_2",
      "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj",
    ],
    form: { name, _ in
      switch name {
      case "attn_qkv.weight", "attn_output.weight", "ffn_up.weight", "ffn_down.weight": .transposed
      default: .plain
      }
    }
  ) { parameters in
    [
      "architectures": ["GPT2LMHeadModel"],
      "model_type": "gpt2",
      "n_embd": .integer(parameters.hidden),
      "n_inner": .integer(parameters.intermediate),
      "n_layer": .integer(parameters.layers),
      "n_head": .integer(parameters.heads),
      "n_positions": .integer(parameters.context),
      "n_ctx": .integer(parameters.context),
      "vocab_size": .integer(parameters.vocabulary),
      "activation_function": "gelu_new",
      "layer_norm_epsilon": .number(parameters.number("attention.layer_norm_epsilon")),
      "tie_word_embeddings": .bool(!parameters.has("output.weight")),
    ]
  }
}
