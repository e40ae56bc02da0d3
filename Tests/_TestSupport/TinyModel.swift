public import Checkpoints
public import Interventions
public import LanguageModels

/// Tiny random models of the goldens.
public enum TinyModel {
  /// Grouped-query attention, tied, no biases; all attention heads of their own, untied, biases everywhere.
  public static let names = ["llama_gqa_tied", "llama_mha_bias"]

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
