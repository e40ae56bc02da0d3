/// Writes GGUF files, version 3, little endian, with the bytes that gguf-py's `GGUFWriter` would write.
///
/// Layout as in ggml's docs/gguf.md: the pairs and tensors in the order given, each tensor aligned to 32 bytes.
enum GGUFWriter {
  /// A value with the width that the file has to have.
  enum Value {
    case uint32(UInt32)
    case string(String)
  }

  private static let alignment = 32

  static func write(
    to path: String, metadata: [(key: String, value: Value)], tensors: [WritableTensor], overwrite: Bool
  ) throws {
    var header = Bytes()
    header.bytes = GGUFFile.magic
    header.number(UInt32(3))
    header.number(UInt64(tensors.count))
    header.number(UInt64(metadata.count))
    for (key, value) in metadata {
      header.string(key)
      switch value {
      case .uint32(let number):
        header.number(UInt32(4))
        header.number(number)
      case .string(let text):
        header.number(UInt32(8))
        header.string(text)
      }
    }
    var offset = 0
    var data: [[UInt8]] = []
    for tensor in tensors {
      func refuse(_ problem: String) -> CheckpointError {
        .wrongTensor(file: path, tensor: tensor.name, problem: problem)
      }
      guard let type = GGUFTensorTypes.storage.first(where: { $0.value == tensor.storage })?.key else {
        throw refuse("is of type \(tensor.storage.rawValue), which GGUF does not have")
      }
      guard (1...4).contains(tensor.shape.count), tensor.shape.allSatisfy({ $0 > 0 }),
        let size = tensor.storage.byteCount(of: tensor.shape)
      else { throw refuse("has the shape \(tensor.shape), which is not possible") }
      header.string(tensor.name)
      header.number(UInt32(tensor.shape.count))
      for size in tensor.shape.reversed() { header.number(UInt64(size)) }
      header.number(type)
      header.number(UInt64(offset))
      var bytes: [UInt8] = []
      try tensor.produce { bytes += $0 }
      guard bytes.count == size else {
        throw refuse("of shape \(tensor.shape) needs \(size) bytes, got \(bytes.count)")
      }
      bytes += [UInt8](repeating: 0, count: (alignment - size % alignment) % alignment)
      offset += bytes.count
      data.append(bytes)
    }
    header.bytes += [UInt8](repeating: 0, count: (alignment - header.bytes.count % alignment) % alignment)
    try AtomicFile.write(to: path, overwrite: overwrite) { sink in
      try sink.write(header.bytes)
      for bytes in data { try bytes.withUnsafeBytes { try sink.write($0) } }
    }
  }

  private struct Bytes {
    var bytes: [UInt8] = []

    mutating func number<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }

    mutating func string(_ text: String) {
      number(UInt64(text.utf8.count))
      bytes += text.utf8
    }
  }
}
