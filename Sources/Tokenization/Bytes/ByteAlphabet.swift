/// The 256 characters in which byte-level vocabularies spell bytes.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes, in order, are U+0100 and up, so that a space
/// is `Ġ` and a newline `Ċ`. Source: `bytes_to_unicode` in GPT-2's encoder.py.
enum ByteAlphabet {
  /// The scalar that spells each byte.
  static let scalars: [UInt16] = {
    var next: UInt16 = 0x100
    return (UInt16(0)...255).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The byte that each scalar below U+0144 spells; -1 where it spells none.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
    return bytes
  }()

  /// The byte that a scalar spells.
  static func byte(of scalar: UInt32) -> UInt8? {
    guard scalar < 0x144, bytes[Int(scalar)] >= 0 else { return nil }
    return UInt8(bytes[Int(scalar)])
  }

  /// The UTF-8 of the spelling of some bytes.
  static func spelling(of bytes: some Sequence<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    for byte in bytes { UTF8Text.append(UInt32(scalars[Int(byte)]), to: &out) }
    return out
  }

  /// The bytes that a spelling stands for, `nil` if any of its characters is not of the alphabet.
  static func bytes<Spelling: RandomAccessCollection<UInt8>>(ofSpelling spelling: Spelling) -> [UInt8]?
  where Spelling.Index == Int {
    var out: [UInt8] = []
    var position = spelling.startIndex
    while position < spelling.endIndex {
      guard let byte = byte(of: UTF8Text.next(in: spelling, &position)) else { return nil }
      out.append(byte)
    }
    return out
  }
}
