public import Checkpoints
public import LanguageModels
public import Tensors
public import Tokenization

/// A model as users name it: a folder in the Hugging Face layout or a GGUF file, open and ready.
public struct PretrainedModel {
  /// The last part of its path, without `.gguf`.
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
  /// The tokenizer comes first: what is wrong with it shows before the weights are read.
  ///
  /// - Parameters:
  ///   - path: a folder with config.json, weights and tokenizer.json, or a .gguf file.
  ///   - dtype: the type the model computes in.
  ///   - registry: the architectures that can be built.
  ///   - progress: called with the fraction of weights read so far.
  public static func open(
    _ path: String, device: Device = .cpu, dtype: DType = .float32, registry: ModelRegistry = .standard,
    progress: @escaping (Double) -> Void = { _ in }
  ) throws -> PretrainedModel {
    let checkpoint = try Checkpoint.open(path)
    let text = try PretrainedTokenizer(checkpoint.tokenizerDescription)
    let model = try registry.model(from: checkpoint, on: device, dtype: dtype, progress: progress)
    return PretrainedModel(name: name(of: path), checkpoint: checkpoint, model: model, text: text)
  }

  private static func name(of path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
  }
}
