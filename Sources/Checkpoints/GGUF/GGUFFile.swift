/// One GGUF file, version 2 or 3, little endian: metadata, then tensor descriptions, then aligned tensor bytes.
///
/// Layout as in ggml's docs/gguf.md. Names and shapes of ``tensors`` are the file's own: names such as `blk.0.attn_q.weight`,
/// sizes turned to row-major order (GGUF lists the fastest first).
public struct GGUFFile: Sendable {
  /// The path as given.
  public let path: String
  /// 2 or 3.
  public let version: Int
  /// All keys and values.
  public let metadata: GGUFMetadata
  /// The tensors in the order of the file.
  public let tensors: [StoredTensor]

  /// The first four bytes of every GGUF file.
  static let magic: [UInt8] = Array("GGUF".utf8)

  /// Maps the file and reads its header; no tensor is read.
  public init(_ path: String) throws(CheckpointError) {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    var cursor = GGUFCursor(file.bytes, file: path)
    guard file.bytes.prefix(4).elementsEqual(Self.magic) else {
      if let error = file.placeholder { throw error }
      if file.count < 4 {
        throw .truncated(file: path, part: "the first four bytes", needed: 4, got: UInt64(file.count))
      }
      throw .malformed(file: path, place: "first four bytes", problem: "expected 'GGUF': this is no GGUF file")
    }
    _ = try cursor.integer(UInt32.self, "the first four bytes")
    self.path = path
    version = try Self.version(&cursor)
    // The smallest tensor description: a name's length, the number of sizes, one size, the type, the offset.
    let tensorCount = try cursor.count(of: 8 + 4 + 8 + 4 + 8, "the list of tensors")
    // The smallest pair: a key's length, the type, one byte.
    let pairCount = try cursor.count(of: 8 + 4 + 1, "the metadata")
    var metadata = GGUFMetadata(file: path)
    for i in 0..<pairCount {
      let key = try cursor.string("metadata key \(i + 1) of \(pairCount)")
      let type = try cursor.integer(UInt32.self, "metadata '\(key)'")
      guard metadata.add(key, try cursor.value(ofType: type, "metadata '\(key)'")) else {
        throw .malformed(file: path, place: "metadata", problem: "the key '\(key)' stands twice")
      }
    }
    self.metadata = metadata
    var infos: [GGUFTensorInfo] = []
    infos.reserveCapacity(tensorCount)
    var names: Set<String> = []
    for i in 0..<tensorCount {
      let info = try GGUFTensorInfo(&cursor, "tensor \(i + 1) of \(tensorCount)")
      guard names.insert(info.name).inserted else {
        throw .malformed(file: path, place: "list of tensors", problem: "the tensor '\(info.name)' stands twice")
      }
      infos.append(info)
    }
    let alignment = try Self.alignment(metadata)
    let data = (cursor.position + alignment - 1) / alignment * alignment
    try Self.check(infos, alignment: alignment, available: max(0, file.count - data), file: path)
    tensors = infos.map { info in
      let begin = data + info.offset
      return StoredTensor(
        name: info.name, shape: info.shape, storage: info.storage, file: path,
        bytes: file.part(begin..<begin + info.byteCount))
    }
  }

  private static func version(_ cursor: inout GGUFCursor) throws(CheckpointError) -> Int {
    let version = try cursor.integer(UInt32.self, "the version")
    switch version {
    case 2, 3: return Int(version)
    case 1:
      throw .unsupported(
        file: cursor.file, what: "GGUF version 1", remedy: "convert the model again with a current llama.cpp")
    case let other where (1...3).contains(other.byteSwapped):
      throw .unsupported(
        file: cursor.file, what: "a big-endian GGUF file", remedy: "fetch the little-endian file of the model")
    default:
      throw .unsupported(
        file: cursor.file, what: "GGUF version \(version)", remedy: "use a file of version 2 or 3")
    }
  }

  private static func alignment(_ metadata: GGUFMetadata) throws(CheckpointError) -> Int {
    let alignment = try metadata.int("general.alignment") ?? 32
    guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      throw .malformed(
        file: metadata.file, place: "metadata 'general.alignment'",
        problem: "must be a power of two up to 1048576, got \(alignment)")
    }
    return alignment
  }

  /// Every tensor aligned, within the file, and apart from the others.
  private static func check(
    _ infos: [GGUFTensorInfo], alignment: Int, available: Int, file: String
  ) throws(CheckpointError) {
    var end = 0
    var before = ""
    for info in infos.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
      let place = "tensor '\(info.name)'"
      guard info.offset % alignment == 0 else {
        throw .malformed(
          file: file, place: place, problem: "its offset \(info.offset) is no multiple of the alignment \(alignment)")
      }
      guard info.offset <= available, info.byteCount <= available - info.offset else {
        throw .truncated(
          file: file, part: place, needed: UInt64(info.offset) + UInt64(info.byteCount), got: UInt64(available))
      }
      guard info.offset >= end else {
        throw .malformed(file: file, place: place, problem: "its bytes overlap those of '\(before)'")
      }
      end = info.offset + info.byteCount
      before = info.name
    }
  }
}

/// The description of one tensor in a GGUF header.
struct GGUFTensorInfo {
  let name: String
  let shape: [Int]
  let storage: StorageType
  let offset: Int
  let byteCount: Int

  init(_ cursor: inout GGUFCursor, _ part: String) throws(CheckpointError) {
    let file = cursor.file
    name = try cursor.string("the name of \(part)")
    let place = "tensor '\(name)'"
    let rank = try cursor.integer(UInt32.self, place)
    guard (1...4).contains(rank) else {
      throw .malformed(file: file, place: place, problem: "must have 1 to 4 sizes, got \(rank)")
    }
    var sizes: [Int] = []
    for _ in 0..<rank {
      let size = try cursor.integer(UInt64.self, place)
      guard let size = Int(exactly: size), size > 0 else {
        throw .malformed(file: file, place: place, problem: "\(size) is no possible size")
      }
      sizes.append(size)
    }
    shape = sizes.reversed()
    let type = try cursor.integer(UInt32.self, place)
    guard let storage = GGUFTensorTypes.storage[type] else {
      throw .unsupportedType(
        file: file, tensor: name, type: GGUFTensorTypes.name(of: type), supported: GGUFTensorTypes.readable)
    }
    self.storage = storage
    guard let byteCount = storage.byteCount(of: shape) else {
      throw .malformed(
        file: file, place: place,
        problem: "shape \(shape) is not possible for \(storage.rawValue), which has blocks of \(storage.blockElements)")
    }
    self.byteCount = byteCount
    let offset = try cursor.integer(UInt64.self, place)
    guard let offset = Int(exactly: offset) else {
      throw .truncated(file: file, part: place, needed: offset, got: UInt64(cursor.bytes.count))
    }
    self.offset = offset
  }
}
