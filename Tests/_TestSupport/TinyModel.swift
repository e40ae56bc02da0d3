public import Checkpoints
public import Interventions
public import LanguageModels

/// Tiny random models of the goldens.
public enum TinyModel {
  /// What every architecture has beside its plain form: rotary scalings, windows, shared and fused projections, tied and
  /// untied, the names that published files give (scripts/goldens/llama.py and architectures.py).
  public static let decoders = [
    "llama_gqa_tied", "llama_mha_bias", "llama3_rope", "llama_linear_rope", "llama_yarn", "mistral", "mistral_window",
    "qwen2", "qwen2_window", "qwen3", "gemma", "gemma2", "gemma3_text", "gemma3", "gpt2", "gpt2_prefixless", "gpt_neox",
    "gpt_neox_sequential", "phi3", "phi3_longrope", "phi3_partial_rotary", "smollm3",
  ]
  public static let encoders = ["bert", "bert_published", "bert_headless", "roberta"]
  public static let names = decoders + encoders

  public static func load(_ name: String = "llama_gqa_tied", file: String = #filePath) throws -> any LanguageModel {
    try ModelRegistry.standard.model(from: checkpoint(name, file: file))
  }

  public static func checkpoint(_ name: String = "llama_gqa_tied", file: String = #filePath) throws -> Checkpoint {
    try Checkpoint.open(Golden.folder(name, file: file))
  }

  /// Who the model is, as adapters remember it.
  public static func base(_ name: String = "llama_gqa_tied", file: String = #filePath) throws -> BaseModel {
    try BaseModel(of: checkpoint(name, file: file), load(name, file: file))
  }
}
