import JSON

extension GGUFArchitecture {
  /// BERT; and RoBERTa, whose converter cuts the two unused rows off the positions, after which it computes as BERT does.
  static let bert = GGUFArchitecture(
    name: "bert", layers: "encoder.layer",
    outer: [
      "token_embd": "embeddings.word_embeddings", "position_embd": "embeddings.position_embeddings",
      "token_types": "embeddings.token_type_embeddings", "token_embd_norm": "embeddings.LayerNorm",
    ],
    inner: [
      "attn_q": "attention.self.query", "attn_k": "attention.self.key", "attn_v": "attention.self.value",
      "attn_output": "attention.output.dense", "attn_output_norm": "attention.output.LayerNorm",
      "ffn_up": "intermediate.dense", "ffn_down": "output.dense", "layer_output_norm": "output.LayerNorm",
    ]
  ) { parameters in
    [
      "architectures": ["BertModel"],
      "model_type": "bert",
      "hidden_size": .integer(parameters.hidden),
      "intermediate_size": .integer(parameters.intermediate),
      "num_hidden_layers": .integer(parameters.layers),
      "num_attention_heads": .integer(parameters.heads),
      // The file does not say; llama.cpp has no other for this architecture.
      "hidden_act": "gelu",
      "position_embedding_type": "absolute",
      "layer_norm_eps": .number(parameters.number("attention.layer_norm_epsilon")),
      "max_position_embeddings": .integer(parameters.shape(of: "position_embd.weight")?[0] ?? parameters.context),
      "type_vocab_size": .integer(parameters.shape(of: "token_types.weight")?[0] ?? 1),
      "vocab_size": .integer(parameters.vocabulary),
    ]
  }
}
