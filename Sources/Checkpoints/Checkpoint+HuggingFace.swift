public import JSON

extension Checkpoint {
  static func openFolder(_ folder: String) throws(CheckpointError) -> Checkpoint {
    let names = Set(try FileSystem.names(in: folder))
    if let error = adapter(in: folder, names) { throw error }
    guard names.contains("config.json") else {
      let files = names.filter { $0.hasSuffix(".gguf") }.sorted()
      throw .notACheckpoint(
        path: folder, found: "a folder without config.json",
        remedy: files.isEmpty
          ? "name a folder that holds config.json and model.safetensors, or a .gguf file"
          : "name the file itself: '\(FileSystem.join(folder, files[0]))'")
    }
    let configuration = try JSONReader(file: FileSystem.join(folder, "config.json"))
    let files = try TokenizerDescription(folder: folder, names: names)
    return Checkpoint(
      source: folder, configuration: configuration, generationConfiguration: files.generationConfiguration,
      tensors: TensorTable(try tensors(in: folder, names), source: folder), tokenizer: files.tokenizer,
      chatTemplate: files.chatTemplate, toolChatTemplate: files.toolChatTemplate)
  }

  /// What to say of a folder that holds an adapter and no model.
  private static func adapter(in folder: String, _ names: Set<String>) -> CheckpointError? {
    if names.contains("config.json"), names.contains(where: { $0.hasPrefix("model") && $0.hasSuffix(".safetensors") }) {
      return nil
    }
    if names.contains("adapter.json") {
      return .notACheckpoint(
        path: folder, found: "an adapter of this program",
        remedy: "name it with --adapter, and with --model the model that it was trained on")
    }
    guard names.contains("adapter_config.json") else { return nil }
    let base = try? JSONReader(file: FileSystem.join(folder, "adapter_config.json")).string("base_model_name_or_path")
    return .notACheckpoint(
      path: folder, found: "an adapter of PEFT (LoRA or another), which is not read",
      remedy: "merge it into \(base.map { "'\($0)'" } ?? "its base model") with PEFT (merge_and_unload), save that as "
        + "safetensors, and name the folder")
  }

  private static func tensors(in folder: String, _ names: Set<String>) throws(CheckpointError) -> [StoredTensor] {
    if names.contains("model.safetensors.index.json") {
      return try ShardIndex(FileSystem.join(folder, "model.safetensors.index.json")).tensors(in: folder, names)
    }
    if names.contains("model.safetensors") {
      return try SafetensorsFile(FileSystem.join(folder, "model.safetensors")).tensors
    }
    let others = names.filter { $0.hasSuffix(".safetensors") }.sorted()
    if let first = others.first {
      let isShard = first.contains("-of-")
      throw .notACheckpoint(
        path: folder,
        found: isShard
          ? "shards ('\(first)', \(others.count) in all) without model.safetensors.index.json"
          : "a folder without model.safetensors, but with '\(first)'",
        remedy: isShard
          ? "fetch model.safetensors.index.json into the folder: it says which shards belong together"
          : "fetch model.safetensors into the folder, or give the file that name if it holds the model's weights")
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
  public init(file: String) throws(CheckpointError) {
    let text = try FileSystem.text(of: file)
    do {
      self = try JSONReader(try JSONValue(parsing: text, source: file), source: file)
    } catch {
      throw .json(error)
    }
  }
}
