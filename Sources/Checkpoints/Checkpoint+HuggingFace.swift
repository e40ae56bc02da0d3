import JSON

extension Checkpoint {
  static func openFolder(_ folder: String) throws(CheckpointError) -> Checkpoint {
    let names = Set(try FileSystem.names(in: folder))
    guard names.contains("config.json") else {
      let files = names.filter { $0.hasSuffix(".gguf") }.sorted()
      throw .notACheckpoint(
        path: folder, found: "a folder without config.json",
        remedy: files.isEmpty
          ? "name a folder that holds config.json and model.safetensors, or a .gguf file"
          : "name the file itself: '\(FileSystem.join(folder, files[0]))'")
    }
    func reader(_ name: String) throws(CheckpointError) -> JSONReader? {
      names.contains(name) ? try JSONReader(file: FileSystem.join(folder, name)) : nil
    }
    let configuration = try JSONReader(file: FileSystem.join(folder, "config.json"))
    let tokenizerConfiguration = try reader("tokenizer_config.json")
    let template =
      names.contains("chat_template.jinja")
      ? try FileSystem.text(of: FileSystem.join(folder, "chat_template.jinja"))
      : try tokenizerConfiguration.flatMap { reader throws(CheckpointError) in try chatTemplate(in: reader) }
    return Checkpoint(
      source: folder, configuration: configuration, generationConfiguration: try reader("generation_config.json"),
      tensors: TensorTable(try tensors(in: folder, names), source: folder),
      tokenizer: names.contains("tokenizer.json")
        ? .huggingFace(
          tokenizerJSON: FileSystem.join(folder, "tokenizer.json"), configuration: tokenizerConfiguration)
        : .none,
      chatTemplate: template)
  }

  /// The member `chat_template`: a string, or a list of named templates of which `default` counts.
  private static func chatTemplate(in reader: JSONReader) throws(CheckpointError) -> String? {
    switch reader.object["chat_template"] {
    case nil, .null: return nil
    case .string(let text): return text
    case .array(let list): return list.first { $0["name"]?.string == "default" }?["template"]?.string
    case .some(let other):
      throw .json(.type(key: "chat_template", expected: "a string or a list", got: other.kind, source: reader.source))
    }
  }

  private static func tensors(in folder: String, _ names: Set<String>) throws(CheckpointError) -> [StoredTensor] {
    if names.contains("model.safetensors.index.json") {
      return try ShardIndex(FileSystem.join(folder, "model.safetensors.index.json")).tensors(in: folder, names)
    }
    if names.contains("model.safetensors") {
      return try SafetensorsFile(FileSystem.join(folder, "model.safetensors")).tensors
    }
    let pickles = names.contains { $0.hasPrefix("pytorch_model") && $0.hasSuffix(".bin") }
    throw .notACheckpoint(
      path: folder, found: "a folder without model.safetensors",
      remedy: pickles
        ? "save the model again as safetensors: pickled weights (pytorch_model.bin) are not read"
        : "fetch model.safetensors (or its index and shards) into the folder")
  }
}

extension JSONReader {
  /// Reads a file whose root is an object.
  init(file: String) throws(CheckpointError) {
    let text = try FileSystem.text(of: file)
    do {
      self = try JSONReader(try JSONValue(parsing: text, source: file), source: file)
    } catch {
      throw .json(error)
    }
  }
}
