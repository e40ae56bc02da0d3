import JSON

/// One `.safetensors` file: an 8-byte length, a header in JSON, then the tensors' bytes without gaps.
///
/// The checks are those of the reference implementation (`safetensors/src/tensor.rs`, `Metadata::validate`), which refuses
/// gaps as well as overlaps.
public struct SafetensorsFile: Sendable {
  /// The path as given.
  public let path: String
  /// The tensors in the order of their bytes.
  public let tensors: [StoredTensor]
  /// The free-form `__metadata__`, in the order of the header.
  public let metadata: [(key: String, value: String)]

  /// The longest header that the reference implementation reads.
  static let maximumHeader: UInt64 = 100_000_000

  /// Maps the file and checks its header; no tensor is read.
  public init(_ path: String) throws(CheckpointError) {
    let file = try MappedFile(path)
    let header = try Self.header(of: file)
    var members: JSONObject
    do {
      let value = try JSONValue(parsing: file.bytes[8..<8 + header], source: "\(path), header")
      members = try JSONReader(value, source: "\(path), header").object
    } catch {
      throw .json(error)
    }
    metadata = try Self.metadata(members["__metadata__"], path)
    members["__metadata__"] = nil
    let data = 8 + header
    var entries: [(name: String, entry: Entry)] = []
    entries.reserveCapacity(members.count)
    for (name, value) in members { entries.append((name, try Entry(value, name: name, file: path))) }
    entries.sort { ($0.entry.begin, $0.entry.end) < ($1.entry.begin, $1.entry.end) }
    var position = 0
    for (name, entry) in entries {
      guard entry.begin == position else {
        let relation = entry.begin < position ? "overlaps the tensor before it" : "leaves a gap before it"
        throw .malformed(
          file: path, place: "tensor '\(name)'",
          problem: "its bytes begin at \(entry.begin), expected \(position): it \(relation)")
      }
      position = entry.end
    }
    let available = file.count - data
    guard position <= available else {
      throw .truncated(file: path, part: "the tensors' bytes", needed: UInt64(position), got: UInt64(available))
    }
    guard position == available else {
      throw .malformed(
        file: path, place: "end", problem: "\(available - position) bytes follow the last tensor and belong to none")
    }
    self.path = path
    tensors = entries.map { name, entry in
      StoredTensor(
        name: name, shape: entry.shape, storage: entry.storage, file: path,
        bytes: file.part(data + entry.begin..<data + entry.end))
    }
  }

  /// The length of the header, after its first checks.
  private static func header(of file: MappedFile) throws(CheckpointError) -> Int {
    guard file.count >= 8 else {
      throw .truncated(file: file.path, part: "the length of the header", needed: 8, got: UInt64(file.count))
    }
    if let error = file.placeholder { throw error }
    let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard length <= maximumHeader else {
      throw .malformed(
        file: file.path, place: "length of the header",
        problem: "the header claims \(length) bytes, at most \(maximumHeader) are allowed: this is no safetensors file")
    }
    guard length <= UInt64(file.count - 8) else {
      throw .truncated(file: file.path, part: "the header", needed: length, got: UInt64(file.count - 8))
    }
    return Int(length)
  }

  private static func metadata(
    _ value: JSONValue?, _ path: String
  ) throws(CheckpointError) -> [(key: String, value: String)] {
    guard let value else { return [] }
    var result: [(key: String, value: String)] = []
    guard let object = value.object else {
      throw .json(.type(key: "__metadata__", expected: "an object", got: value.kind, source: "\(path), header"))
    }
    for (key, value) in object {
      guard let text = value.string else {
        throw .json(.type(key: "__metadata__.\(key)", expected: "a string", got: value.kind, source: "\(path), header"))
      }
      result.append((key, text))
    }
    return result
  }
}

/// What the header says about one tensor, checked against itself.
private struct Entry {
  let storage: StorageType
  let shape: [Int]
  let begin: Int
  let end: Int

  init(_ value: JSONValue, name: String, file: String) throws(CheckpointError) {
    let place = "tensor '\(name)'"
    let type: String
    let offsets: [Int]
    do throws(JSONError) {
      let reader = try JSONReader(value, source: "\(file), \(place)")
      type = try reader.string("dtype")
      shape = try reader.sizes("shape")
      offsets = try reader.sizes("data_offsets")
    } catch {
      throw .json(error)
    }
    guard let storage = StorageType(rawValue: type), StorageType.safetensors.contains(storage) else {
      throw .unsupportedType(
        file: file, tensor: name, type: type, supported: StorageType.safetensors.filter(\.isFloat).map(\.rawValue))
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw .malformed(
        file: file, place: place, problem: "'data_offsets' must be [begin, end] with begin <= end, got \(offsets)")
    }
    self.storage = storage
    (begin, end) = (offsets[0], offsets[1])
    let expected = storage.byteCount(of: shape)
    guard expected == end - begin else {
      throw .malformed(
        file: file, place: place,
        problem: "shape \(shape) of \(storage.rawValue) needs \(expected.map(String.init) ?? "too many") bytes, "
          + "'data_offsets' give \(end - begin)")
    }
  }
}

extension JSONReader {
  /// An array of whole numbers that are not negative.
  fileprivate func sizes(_ key: String) throws(JSONError) -> [Int] {
    var result: [Int] = []
    for item in try array(key) {
      guard let size = item.int, size >= 0 else {
        throw .type(key: key, expected: "an array of sizes", got: "an array that holds \(item.text)", source: source)
      }
      result.append(size)
    }
    return result
  }
}
