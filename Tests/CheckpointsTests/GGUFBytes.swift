/// Builds GGUF files byte by byte, right or wrong.
struct GGUFBytes {
  var version: UInt32 = 3
  var tensorCount: UInt64?
  var pairCount: UInt64?
  var pairs: [[UInt8]] = []
  var tensors: [[UInt8]] = []
  var data: [UInt8] = []

  static func string(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

  mutating func pair(_ key: String, _ type: UInt32, _ value: [UInt8]) {
    pairs.append(Self.string(key) + bytes(type) + value)
  }

  mutating func tensor(_ name: String, _ sizes: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
    tensors.append(
      Self.string(name) + bytes(UInt32(sizes.count)) + sizes.flatMap { bytes($0) } + bytes(type) + bytes(offset))
  }

  var file: [UInt8] {
    var file: [UInt8] = Array("GGUF".utf8) + bytes(version)
    file += bytes(tensorCount ?? UInt64(tensors.count)) + bytes(pairCount ?? UInt64(pairs.count))
    file += pairs.flatMap { $0 } + tensors.flatMap { $0 }
    file += [UInt8](repeating: 0, count: (32 - file.count % 32) % 32)
    return file + data
  }
}
