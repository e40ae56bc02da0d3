public import JSON

/// A model on disk: its hyperparameters, its tensors, its tokenizer, from a Hugging Face folder or a GGUF file alike.
///
/// Names and hyperparameters are those of the Hugging Face layout whatever the source. Opening maps the files and checks
/// their headers; tensors are read when they are asked for.
public struct Checkpoint: Sendable {
  /// The path as given.
  public let source: String
  /// The keys of config.json; for GGUF its metadata translated to those keys.
  public let configuration: JSONReader
  /// The keys of generation_config.json, where there is one.
  public let generationConfiguration: JSONReader?
  /// The tensors by their Hugging Face names.
  public let tensors: TensorTable
  /// Where the tokenizer comes from.
  public let tokenizer: TokenizerSource
  /// The chat template (Jinja), where there is one.
  public let chatTemplate: String?
  /// The chat template for conversations with tools, where there is one of its own.
  public let toolChatTemplate: String?
  /// 16 hexadecimal digits that tell models apart, worked out when they are asked for; see ``TensorTable/fingerprint``.
  public var fingerprint: String { tensors.fingerprint }

  init(
    source: String, configuration: JSONReader, generationConfiguration: JSONReader? = nil, tensors: TensorTable,
    tokenizer: TokenizerSource, chatTemplate: String?, toolChatTemplate: String? = nil
  ) {
    self.source = source
    self.configuration = configuration
    self.generationConfiguration = generationConfiguration
    self.tensors = tensors
    self.tokenizer = tokenizer
    self.chatTemplate = chatTemplate
    self.toolChatTemplate = toolChatTemplate
  }

  /// Opens a folder in the Hugging Face layout (config.json beside model.safetensors, whole or sharded) or a GGUF file.
  public static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    switch try FileSystem.kind(of: path) {
    case nil: throw .notFound(path: path, expected: "model folder or .gguf file")
    case .folder: return try openFolder(path)
    case .file where path.hasSuffix(".safetensors") || path.hasSuffix(".json"):
      throw .notACheckpoint(
        path: path, found: "a single file", remedy: "name the folder that holds it: '\(FileSystem.split(path).parent)'")
    case .file: return try openGGUF(path)
    case .other:
      throw .notACheckpoint(
        path: path, found: "neither a file nor a folder", remedy: "name a model folder or a .gguf file")
    }
  }
}

/// Where the tokenizer of a checkpoint comes from.
public enum TokenizerSource: Sendable {
  /// tokenizer.json, and what tokenizer_config.json says where it is there.
  case huggingFace(tokenizerJSON: String, configuration: JSONReader?)
  /// The metadata of a GGUF file.
  case gguf(GGUFTokenizer)
  /// The checkpoint has none that can be read.
  case none
}
