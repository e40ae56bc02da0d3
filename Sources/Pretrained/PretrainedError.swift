public import Diagnostics

/// Why a model's texts cannot be read or written.
public enum PretrainedError: Diagnostic {
  /// The checkpoint has no tokenizer that can be read.
  case noTokenizer(path: String)
  /// A conversation is to be written, and the checkpoint has no chat template.
  case noChatTemplate(path: String)
  /// A token that ends texts has an id that is none.
  case endToken(key: String, got: String, source: String)

  public var problem: String {
    switch self {
    case .noTokenizer: "there is no tokenizer: neither tokenizer.json nor the metadata of a GGUF file"
    case .noChatTemplate: "the model has no chat template"
    case .endToken(let key, let got, _): "'\(key)' must be a token id or a list of them, got \(got)"
    }
  }

  public var location: String {
    switch self {
    case .noTokenizer(let path), .noChatTemplate(let path): path
    case .endToken(_, _, let source): source
    }
  }

  public var remedy: String? {
    switch self {
    case .noTokenizer:
      "fetch tokenizer.json into the folder (a tokenizer.model alone is not read); saving the tokenizer with transformers "
        + "writes it"
    case .noChatTemplate: "give a plain prompt, or use a model tuned for conversations"
    case .endToken: "fetch the file again, or correct the key"
    }
  }
}
