public import Checkpoints
public import LanguageModels
public import ModelHub
public import Tensors
public import Tokenization

/// A model as users name it: a folder in the Hugging Face layout, a GGUF file or a name of the Hub, open and ready.
public struct PretrainedModel {
  /// What it was opened by: a path, or a name of the Hub.
  public let source: String
  /// The last part of that, without `.gguf` and revision.
  public let name: String
  /// The files that the model was read from.
  public let checkpoint: Checkpoint
  /// The frozen model.
  public let model: any LanguageModel
  /// The tokenizer with the tokens that end texts, and the chat template.
  public let text: PretrainedTokenizer

  /// The model's tokenizer.
  public var tokenizer: Tokenizer { text.tokenizer }
  /// Every token at which generation ends.
  public var endTokens: Set<TokenID> { text.endTokens }

  /// Opens a model.
  ///
  /// The tokenizer is read while the weights are; what is wrong with it ends their reading and is told first.
  ///
  /// - Parameters:
  ///   - source: a folder with config.json, weights and tokenizer.json, a .gguf file, or a name of the Hub: `org/name`,
  ///     `org/name@revision`, `org/name/file.gguf`. What exists as a path is one.
  ///   - hub: where names are looked up; `nil` for the Hub and the cache that the process's environment describes.
  ///   - dtype: the type the model computes in.
  ///   - weights: how the model keeps its matrices.
  ///   - registry: the architectures that can be built.
  ///   - downloading: called after each piece that comes from the Hub.
  ///   - progress: called with the fraction of weights read so far.
  public static func open(
    _ source: String, from hub: Hub? = nil, device: Device = .cpu, dtype: DType = .float32,
    weights: WeightForm = .plain, registry: ModelRegistry = .standard,
    downloading: @escaping (HubProgress) -> Void = { _ in },
    progress: @escaping (Double) -> Void = { _ in }
  ) throws -> PretrainedModel {
    let reference = try ModelReference(source)
    let path = try reference.path(from: hub, needs: .all, downloading: downloading)
    let checkpoint = try Checkpoint.open(path)
    let description = checkpoint.tokenizerDescription
    let text = Meanwhile { try PretrainedTokenizer(description) }
    let model = Result {
      try registry.model(from: checkpoint, on: device, dtype: dtype, weights: weights) { share in
        try text.check()
        progress(share)
      }
    }
    let tokenizer = try text.value
    return PretrainedModel(
      source: source, name: reference.name, checkpoint: checkpoint, model: try model.get(), text: tokenizer)
  }
}
