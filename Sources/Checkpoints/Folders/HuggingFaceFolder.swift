public import JSON

/// Writes a model as a folder that transformers loads.
public enum HuggingFaceFolder {
  /// Writes config.json, model.safetensors and what belongs to the tokenizer, in one step.
  ///
  /// - Parameters:
  ///   - path: the folder to make; see ``OutputFolder/write(to:overwrite:marks:_:)``.
  ///   - configuration: the members of config.json.
  ///   - tensors: by their Hugging Face names; bytes are asked for one tensor after the other.
  ///   - texts: further files by name, such as a tokenizer.json made from a GGUF file.
  ///   - copying: files to copy under their own names, such as the tokenizer.json of the source.
  ///   - check: gets the whole folder under its temporary name; if it throws, nothing is kept.
  /// - Throws: ``CheckpointError``, or what a tensor's closure throws.
  public static func write(
    to path: String, configuration: JSONObject, tensors: [WritableTensor], texts: [(name: String, text: String)] = [],
    copying files: [String] = [], overwrite: Bool = false,
    checking check: (_ temporary: String) throws -> Void = { _ in }
  ) throws {
    try OutputFolder.write(to: path, overwrite: overwrite, marks: ["config.json"]) { folder in
      try TextFile.write(JSONValue.object(configuration).prettyText, to: FileSystem.join(folder, "config.json"))
      // transformers refuses a file that does not say for which library its tensors are laid out.
      try SafetensorsWriter.write(
        to: FileSystem.join(folder, "model.safetensors"), tensors: tensors, metadata: ["format": "pt"])
      for (name, text) in texts { try TextFile.write(text, to: FileSystem.join(folder, name)) }
      for file in files {
        let source = try MappedFile(file)
        try AtomicFile.write(to: FileSystem.join(folder, FileSystem.split(file).name), overwrite: false) { sink in
          try sink.write(source.bytes)
        }
      }
      try check(folder)
    }
  }
}

extension Checkpoint {
  /// The files of a Hugging Face folder that belong to its tokenizer, as paths to copy; empty for GGUF.
  public var tokenizerFiles: [String] {
    get throws(CheckpointError) {
      guard try FileSystem.kind(of: source) == .folder else { return [] }
      let known: Set = [
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "chat_template.jinja", "generation_config.json",
      ]
      return try FileSystem.names(in: source).filter(known.contains).map { FileSystem.join(source, $0) }
    }
  }
}
