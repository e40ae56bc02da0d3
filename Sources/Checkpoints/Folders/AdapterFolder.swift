public import JSON

/// An adapter on disk: `adapter.json`, which says what it is, and `adapter.safetensors`, which holds its numbers.
///
/// This room knows no method: what the keys and tensors mean is for those who read them.
public struct AdapterFolder: Sendable {
  /// The path as given.
  public let path: String
  /// The members of adapter.json.
  public let configuration: JSONReader
  /// The tensors of adapter.safetensors.
  public let tensors: TensorTable

  static let configurationFile = "adapter.json"
  static let tensorFile = "adapter.safetensors"

  /// Opens a folder and checks the headers of its files.
  public init(opening path: String) throws(CheckpointError) {
    switch try FileSystem.kind(of: path) {
    case nil: throw .notFound(path: path, expected: "adapter folder")
    case .folder: break
    default: throw .notAnAdapter(path: path, found: "a file", remedy: "name the folder that holds adapter.json")
    }
    let names = try FileSystem.names(in: path)
    let missing = [Self.configurationFile, Self.tensorFile].filter { !names.contains($0) }
    guard missing.isEmpty else {
      throw .notAnAdapter(
        path: path, found: "a folder without \(missing.joined(separator: " and "))",
        remedy: Self.remedy(names))
    }
    self.path = path
    configuration = try JSONReader(file: FileSystem.join(path, Self.configurationFile))
    let file = FileSystem.join(path, Self.tensorFile)
    tensors = TensorTable(try SafetensorsFile(file).tensors, source: file)
  }

  /// What to do with a folder that is no adapter of ours.
  private static func remedy(_ names: [String]) -> String {
    if names.contains(where: { $0.hasPrefix("intkey_") }) {
      return "this is a folder of pyreft: make an adapter folder of it with `reft convert`"
    }
    if names.contains("adapter_config.json") {
      return "this is an adapter of peft or mlx-lm: make an adapter folder of it with `reft convert`"
    }
    return "name the folder that a training run wrote"
  }

  /// Writes a folder in one step; see ``OutputFolder/write(to:overwrite:marks:_:)``.
  ///
  /// - Parameters:
  ///   - texts: further files, such as metrics, by name.
  /// - Throws: ``CheckpointError``, or what a tensor's closure throws.
  public static func write(
    to path: String, configuration: JSONObject, tensors: [WritableTensor], texts: [(name: String, text: String)] = [],
    overwrite: Bool = false
  ) throws {
    try OutputFolder.write(to: path, overwrite: overwrite, marks: [configurationFile]) { folder in
      try TextFile.write(JSONValue.object(configuration).prettyText, to: FileSystem.join(folder, configurationFile))
      try SafetensorsWriter.write(to: FileSystem.join(folder, tensorFile), tensors: tensors)
      for (name, text) in texts { try TextFile.write(text, to: FileSystem.join(folder, name)) }
    }
  }
}
