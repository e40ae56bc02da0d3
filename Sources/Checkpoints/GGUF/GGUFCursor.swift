/// Reads a GGUF header front to back; every read is checked against the end of the file.
struct GGUFCursor {
  let bytes: UnsafeRawBufferPointer
  let file: String
  private(set) var position = 0

  /// Arrays of arrays of arrays: no real file has them deeper.
  static let maximumDepth = 4

  init(_ bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  var remaining: Int { bytes.count - position }

  private func need(_ count: Int, _ part: @autoclosure () -> String) throws(CheckpointError) {
    guard count <= remaining else {
      throw .truncated(file: file, part: part(), needed: UInt64(count), got: UInt64(remaining))
    }
  }

  /// A little-endian whole number.
  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ part: @autoclosure () -> String
  ) throws(CheckpointError) -> T {
    let size = MemoryLayout<T>.size
    try need(size, part())
    defer { position += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
  }

  /// A count of things that take at least `smallest` bytes each, checked before anything is allocated for them.
  mutating func count(of smallest: Int, _ part: @autoclosure () -> String) throws(CheckpointError) -> Int {
    let count = try integer(UInt64.self, part())
    guard count <= UInt64(remaining / smallest) else {
      let (needed, overflow) = count.multipliedReportingOverflow(by: UInt64(smallest))
      throw .truncated(file: file, part: part(), needed: overflow ? .max : needed, got: UInt64(remaining))
    }
    return Int(count)
  }

  /// A length and that many bytes of UTF-8.
  mutating func string(_ part: @autoclosure () -> String) throws(CheckpointError) -> String {
    let length = try count(of: 1, part())
    defer { position += length }
    guard let string = String(validating: bytes[position..<position + length], as: UTF8.self) else {
      throw .malformed(file: file, place: part(), problem: "a string is not valid UTF-8")
    }
    return string
  }

  /// A metadata value of the given type number (ggml/docs/gguf.md, `gguf_metadata_value_type`).
  mutating func value(
    ofType type: UInt32, depth: Int = 0, _ part: @autoclosure () -> String
  ) throws(CheckpointError) -> GGUFValue {
    switch type {
    case 0: return .integer(Int(try integer(UInt8.self, part())))
    case 1: return .integer(Int(try integer(Int8.self, part())))
    case 2: return .integer(Int(try integer(UInt16.self, part())))
    case 3: return .integer(Int(try integer(Int16.self, part())))
    case 4: return .integer(Int(try integer(UInt32.self, part())))
    case 5: return .integer(Int(try integer(Int32.self, part())))
    case 6: return .float(Float(bitPattern: try integer(UInt32.self, part())))
    case 7:
      let byte = try integer(UInt8.self, part())
      guard byte <= 1 else {
        throw .malformed(file: file, place: part(), problem: "a truth value must be 0 or 1, got \(byte)")
      }
      return .bool(byte == 1)
    case 8: return .string(try string(part()))
    case 9:
      guard depth < Self.maximumDepth else {
        throw .malformed(file: file, place: part(), problem: "arrays nested deeper than \(Self.maximumDepth)")
      }
      let element = try integer(UInt32.self, part())
      guard let smallest = Self.smallestSize[element] else {
        throw .malformed(file: file, place: part(), problem: "unknown type of value \(element)")
      }
      let count = try count(of: smallest, part())
      var items: [GGUFValue] = []
      items.reserveCapacity(count)
      for _ in 0..<count { items.append(try value(ofType: element, depth: depth + 1, part())) }
      return .array(items)
    case 10:
      let wide = try integer(UInt64.self, part())
      return Int(exactly: wide).map(GGUFValue.integer) ?? .unsigned(wide)
    case 11: return .integer(Int(try integer(Int64.self, part())))
    case 12: return .double(Double(bitPattern: try integer(UInt64.self, part())))
    default: throw .malformed(file: file, place: part(), problem: "unknown type of value \(type)")
    }
  }

  /// The fewest bytes that one value of each type takes.
  private static let smallestSize: [UInt32: Int] = [
    0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 9: 12, 10: 8, 11: 8, 12: 8,
  ]
}
