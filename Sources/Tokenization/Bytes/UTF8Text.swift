/// Reading and writing Unicode scalars in bytes that are known to be valid UTF-8 (they come from a `String`).
enum UTF8Text {
  /// Reads the scalar at `position` and moves past it.
  @inline(__always)
  static func next<Bytes: RandomAccessCollection<UInt8>>(in bytes: Bytes, _ position: inout Int) -> UInt32
  where Bytes.Index == Int {
    let lead = UInt32(bytes[position])
    position += 1
    if lead < 0x80 { return lead }
    let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var scalar = lead & (0xFF >> UInt32(length + 1))
    for _ in 1..<length where position < bytes.endIndex {
      scalar = scalar << 6 | UInt32(bytes[position] & 0x3F)
      position += 1
    }
    return scalar
  }

  /// The scalar that ends just before `position`, and where it begins.
  static func previous<Bytes: RandomAccessCollection<UInt8>>(
    in bytes: Bytes, before position: Int
  ) -> (scalar: UInt32, start: Int) where Bytes.Index == Int {
    var start = position - 1
    while start > bytes.startIndex, isContinuation(bytes[start]) { start -= 1 }
    var end = start
    return (next(in: bytes, &end), start)
  }

  /// The number of scalars.
  static func count(of bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 + (isContinuation($1) ? 0 : 1) } }

  @inline(__always)
  static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    switch scalar {
    case 0..<0x80: bytes.append(UInt8(scalar))
    case 0x80..<0x800: bytes += [UInt8(0xC0 | scalar >> 6), UInt8(0x80 | scalar & 0x3F)]
    case 0x800..<0x1_0000:
      bytes += [UInt8(0xE0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 0x3F), UInt8(0x80 | scalar & 0x3F)]
    default:
      bytes += [
        UInt8(0xF0 | scalar >> 18), UInt8(0x80 | scalar >> 12 & 0x3F), UInt8(0x80 | scalar >> 6 & 0x3F),
        UInt8(0x80 | scalar & 0x3F),
      ]
    }
  }

  static func string(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
