public import JSON

/// What a checkpoint says of its tokenizer; for a folder it can be read without weights.
public struct TokenizerDescription: Sendable {
  /// The path as given.
  public let source: String
  /// Where the tokenizer comes from.
  public let tokenizer: TokenizerSource
  /// The chat template (Jinja), where there is one.
  public let chatTemplate: String?
  /// The chat template for conversations with tools, where there is one of its own: the one named `tool_use`.
  public let toolChatTemplate: String?
  /// The keys of config.json, where there is one; for GGUF its metadata translated to those keys.
  public let configuration: JSONReader?
  /// The keys of generation_config.json, where there is one.
  public let generationConfiguration: JSONReader?

  /// Opens the tokenizer of a folder, which needs tokenizer.json and nothing else, or of a GGUF file.
  ///
  /// No weights are read.
  public static func open(_ path: String) throws(CheckpointError) -> TokenizerDescription {
    if case .folder = try FileSystem.kind(of: path) {
      return try TokenizerDescription(folder: path, names: Set(FileSystem.names(in: path)))
    }
    return try Checkpoint.open(path).tokenizerDescription
  }

  init(of checkpoint: Checkpoint) {
    source = checkpoint.source
    tokenizer = checkpoint.tokenizer
    chatTemplate = checkpoint.chatTemplate
    toolChatTemplate = checkpoint.toolChatTemplate
    configuration = checkpoint.configuration
    generationConfiguration = checkpoint.generationConfiguration
  }

  /// Reads what is there of a folder in the Hugging Face layout.
  init(folder: String, names: Set<String>) throws(CheckpointError) {
    func reader(_ name: String) throws(CheckpointError) -> JSONReader? {
      names.contains(name) ? try JSONReader(file: FileSystem.join(folder, name)) : nil
    }
    source = folder
    configuration = try reader("config.json")
    generationConfiguration = try reader("generation_config.json")
    let tokenizerConfiguration = try reader("tokenizer_config.json")
    var templates =
      try tokenizerConfiguration.map { reader throws(CheckpointError) in
        try Self.chatTemplates(in: reader)
      } ?? [:]
    // Files go before the configuration, which is of an older layout.
    if names.contains("chat_template.jinja") {
      templates = ["default": try FileSystem.text(of: FileSystem.join(folder, "chat_template.jinja"))]
    }
    if names.contains("additional_chat_templates") {
      let additional = FileSystem.join(folder, "additional_chat_templates")
      if try FileSystem.names(in: additional).contains("tool_use.jinja") {
        templates["tool_use"] = try FileSystem.text(of: FileSystem.join(additional, "tool_use.jinja"))
      }
    }
    chatTemplate = templates["default"]
    toolChatTemplate = templates["tool_use"]
    tokenizer =
      names.contains("tokenizer.json")
      ? .huggingFace(tokenizerJSON: FileSystem.join(folder, "tokenizer.json"), configuration: tokenizerConfiguration)
      : .none
  }

  /// The member `chat_template`, by name: a string, which is the default, or a list of named templates.
  private static func chatTemplates(in reader: JSONReader) throws(CheckpointError) -> [String: String] {
    switch reader.object["chat_template"] {
    case nil, .null: return [:]
    case .string(let text): return ["default": text]
    case .array(let list):
      var templates: [String: String] = [:]
      for item in list {
        if let name = item["name"]?.string, let text = item["template"]?.string { templates[name] = text }
      }
      return templates
    case .some(let other):
      throw .json(.type(key: "chat_template", expected: "a string or a list", got: other.kind, source: reader.source))
    }
  }
}

extension Checkpoint {
  /// The part of a checkpoint that texts need.
  public var tokenizerDescription: TokenizerDescription { TokenizerDescription(of: self) }
}
