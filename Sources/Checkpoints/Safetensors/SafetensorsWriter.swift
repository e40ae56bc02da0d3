import JSON

/// Writes `.safetensors` files with the bytes that the reference implementation would write.
///
/// Tensors are sorted as there (`safetensors/src/tensor.rs`, `prepare`): wide types first, so that every tensor is aligned,
/// then by name; the header is padded with spaces to a multiple of 8. The same tensors give the same bytes, in whatever
/// order they come.
public enum SafetensorsWriter {
  /// Writes all tensors to one file, in one step: the name appears when everything is on the device.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - tensors: bytes are asked for one tensor after the other.
  ///   - metadata: strings for the header; transformers wants `format` to be `pt`.
  ///   - overwrite: whether a file that is already there is replaced.
  /// - Throws: ``CheckpointError``, or what a tensor's closure throws.
  public static func write(
    to path: String, tensors: [WritableTensor], metadata: [String: String] = [:], overwrite: Bool = false
  ) throws {
    let tensors = try sorted(tensors, file: path)
    let header = try header(tensors, metadata, file: path)
    try AtomicFile.write(to: path, overwrite: overwrite) { sink in
      var length = UInt64(header.count).littleEndian
      try withUnsafeBytes(of: &length) { try sink.write($0) }
      try sink.write(header)
      for (tensor, size) in tensors {
        let start = sink.count
        try tensor.produce { bytes in
          try sink.write(bytes)
          guard sink.count - start <= size else {
            throw wrong(tensor, file: path, size: size, got: sink.count - start, more: true)
          }
        }
        guard sink.count - start == size else {
          throw wrong(tensor, file: path, size: size, got: sink.count - start, more: false)
        }
      }
    }
  }

  private static func wrong(
    _ tensor: WritableTensor, file: String, size: Int, got: Int, more: Bool
  ) -> CheckpointError {
    .wrongTensor(
      file: file, tensor: tensor.name,
      problem: "of shape \(tensor.shape) and type \(tensor.storage.rawValue) needs \(size) bytes, got "
        + "\(more ? "at least " : "")\(got)")
  }

  private static func sorted(
    _ tensors: [WritableTensor], file: String
  ) throws(CheckpointError) -> [(WritableTensor, size: Int)] {
    var names: Set<String> = []
    var ranked: [(tensor: WritableTensor, size: Int, rank: Int)] = []
    for tensor in tensors {
      func refuse(_ problem: String) -> CheckpointError {
        .wrongTensor(file: file, tensor: tensor.name, problem: problem)
      }
      guard tensor.name != "__metadata__" else { throw refuse("has a name that the format keeps for itself") }
      guard names.insert(tensor.name).inserted else { throw refuse("is to be written twice") }
      guard let rank = StorageType.safetensors.firstIndex(of: tensor.storage) else {
        throw refuse("is of type \(tensor.storage.rawValue), which safetensors does not have")
      }
      guard !tensor.shape.contains(where: { $0 < 0 }), let size = tensor.storage.byteCount(of: tensor.shape) else {
        throw refuse("has the shape \(tensor.shape), which is not possible")
      }
      ranked.append((tensor, size, rank))
    }
    ranked.sort { a, b in
      a.rank != b.rank ? a.rank < b.rank : a.tensor.name.utf8.lexicographicallyPrecedes(b.tensor.name.utf8)
    }
    return ranked.map { ($0.tensor, $0.size) }
  }

  private static func header(
    _ tensors: [(WritableTensor, size: Int)], _ metadata: [String: String], file: String
  ) throws(CheckpointError) -> [UInt8] {
    var object = JSONObject()
    if !metadata.isEmpty {
      var strings = JSONObject()
      for (key, value) in metadata.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
        strings[key] = .string(value)
      }
      object["__metadata__"] = .object(strings)
    }
    var position = 0
    for (tensor, size) in tensors {
      let (end, overflow) = position.addingReportingOverflow(size)
      guard !overflow else {
        throw .wrongTensor(file: file, tensor: tensor.name, problem: "makes the file larger than any file can be")
      }
      object[tensor.name] = [
        "dtype": .string(tensor.storage.rawValue), "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(position), .integer(end)],
      ]
      position = end
    }
    var bytes = Array(JSONValue.object(object).text.utf8)
    bytes += [UInt8](repeating: UInt8(ascii: " "), count: (8 - bytes.count % 8) % 8)
    return bytes
  }
}
