/// A control vector of repeng and llama.cpp: one direction a layer, in GGUF.
///
/// `general.architecture` is `controlvector`; the tensors are `direction.L`, single precision, `[d]`, with L the 0-based index
/// of the block to whose output the direction is added, times a coefficient that the file does not hold. llama.cpp leaves out
/// a direction of layer 0. Source: repeng `extract.py` (`ControlVector.export_gguf`).
public struct ControlVectorFile: Sendable, Equatable {
  /// The `model_type` of the model it is for: `llama`.
  public var modelHint: String
  /// The directions by layer, all of one length.
  public var directions: [Int: [Float]]
  /// Keys of the metadata that this reader has no use for, such as EasySteer's.
  public private(set) var leftover: [String] = []

  private static let architecture = "controlvector"
  private static let known = [
    "general.architecture", "general.alignment", "controlvector.model_hint", "controlvector.layer_count",
  ]

  /// A control vector from its parts.
  public init(modelHint: String, directions: [Int: [Float]]) {
    self.modelHint = modelHint
    self.directions = directions
  }

  /// Whether the file is GGUF and calls itself a control vector.
  public static func isOne(_ path: String) -> Bool {
    guard let file = try? GGUFFile(path) else { return false }
    return file.metadata["general.architecture"]?.string == architecture
  }

  /// Reads a file.
  public init(reading path: String) throws(CheckpointError) {
    let file = try GGUFFile(path)
    let name = try file.metadata.string("general.architecture")
    guard name == Self.architecture else {
      throw .malformed(
        file: path, place: "metadata 'general.architecture'",
        problem: "expected '\(Self.architecture)', got '\(name ?? "nothing")'")
    }
    guard let hint = try file.metadata.string("controlvector.model_hint") else {
      throw .malformed(file: path, place: "metadata", problem: "'controlvector.model_hint' is missing")
    }
    modelHint = hint
    directions = [:]
    var width: Int?
    for tensor in file.tensors {
      let digits = tensor.name.dropFirst("direction.".count)
      guard tensor.name.hasPrefix("direction."), let layer = Int(digits), layer >= 0, String(layer) == digits else {
        throw .malformed(
          file: path, place: "tensor '\(tensor.name)'", problem: "expected the name 'direction.' and a layer")
      }
      guard tensor.shape.count == 1, width == nil || width == tensor.shape[0] else {
        throw .malformed(
          file: path, place: "tensor '\(tensor.name)'",
          problem: "expected the shape [\(width.map(String.init) ?? "d")], got \(tensor.shape)")
      }
      width = tensor.shape[0]
      directions[layer] = try tensor.floats(threads: 1)
    }
    guard !directions.isEmpty else {
      throw .malformed(file: path, place: "list of tensors", problem: "there are no directions")
    }
    // repeng counts the directions, llama.cpp the layers up to the highest: a file with gaps tells them apart.
    let highest = directions.keys.max() ?? 0
    if let count = try file.metadata.int("controlvector.layer_count"), count < directions.count, count <= highest {
      throw .malformed(
        file: path, place: "metadata 'controlvector.layer_count'",
        problem: "\(count) layers are announced, \(directions.count) directions are there")
    }
    leftover = file.metadata.keys.filter { !Self.known.contains($0) }
  }

  /// Writes the file in one step, with the bytes that repeng would write; directions by ascending layer.
  ///
  /// - Throws: ``CheckpointError``; an existing file is an error unless `overwrite` says otherwise.
  public func write(to path: String, overwrite: Bool = false) throws {
    try GGUFWriter.write(
      to: path,
      metadata: [
        ("general.architecture", .string(Self.architecture)), ("controlvector.model_hint", .string(modelHint)),
        ("controlvector.layer_count", .uint32(UInt32(clamping: directions.count))),
      ],
      tensors: directions.sorted { $0.key < $1.key }.map { layer, direction in
        WritableTensor(name: "direction.\(layer)", shape: [direction.count], floats: direction)
      }, overwrite: overwrite)
  }
}
