import Checkpoints
public import LanguageModels

/// Tiny random models of the goldens.
public enum TinyModel {
  public static func load(_ name: String = "llama_gqa_tied", file: String = #filePath) throws -> any LanguageModel {
    let checkpoint = try Checkpoint.open(Golden.folder(name, file: file))
    return try ModelRegistry.standard.model(from: checkpoint)
  }
}
