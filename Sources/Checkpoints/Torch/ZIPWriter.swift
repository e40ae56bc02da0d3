/// Writes a ZIP file of members stored as they are, in torch's manner: the same members give the same bytes.
enum ZIPWriter {
  /// Members begin at multiples of this, so that they can be mapped; torch's own choice.
  private static let alignment = 64

  static func write(
    to path: String, folder: String, members: [(name: String, bytes: [UInt8])], overwrite: Bool
  ) throws {
    let total = members.reduce(0) { $0 + $1.bytes.count + 512 + 2 * ($1.name.utf8.count + folder.utf8.count) }
    guard total < Int(UInt32.max), members.count < Int(UInt16.max) else {
      throw CheckpointError.writeFailed(
        path: path, operation: "making the archive", reason: "\(total) bytes are more than a ZIP file can hold")
    }
    try AtomicFile.write(to: path, overwrite: overwrite) { sink in
      var directory: [UInt8] = []
      for (member, bytes) in members {
        let name = Array("\(folder)/\(member)".utf8)
        let offset = sink.count
        let checksum = CRC32.of(bytes)
        // The extra field that torch fills with letters to align what follows.
        let start = offset + 30 + name.count + 4
        let padding = (alignment - start % alignment) % alignment
        var common = Fields()
        common.short(20, 0, 0, 0, 0x0021)  // version 2.0, no flags, stored, midnight of 1980-01-01
        common.long(checksum, UInt32(bytes.count), UInt32(bytes.count))
        common.short(UInt16(name.count))
        var local = Fields(signature: 0x0403_4B50)
        local.bytes += common.bytes
        local.short(UInt16(padding + 4))
        local.bytes += name
        local.bytes += Array("FB".utf8)
        local.short(UInt16(padding))
        local.bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        try sink.write(local.bytes)
        try bytes.withUnsafeBytes { try sink.write($0) }
        var entry = Fields(signature: 0x0201_4B50)
        entry.short(20)  // made by version 2.0
        entry.bytes += common.bytes
        entry.short(0, 0, 0, 0)  // no extra field, no comment, first disk, no text
        entry.long(0, UInt32(offset))
        directory += entry.bytes + name
      }
      let offset = sink.count
      try sink.write(directory)
      var end = Fields(signature: 0x0605_4B50)
      end.short(0, 0, UInt16(members.count), UInt16(members.count))
      end.long(UInt32(directory.count), UInt32(offset))
      end.short(0)
      try sink.write(end.bytes)
    }
  }

  /// Little-endian numbers, one behind the other.
  private struct Fields {
    var bytes: [UInt8] = []

    init() {}
    init(signature: UInt32) { long(signature) }

    mutating func short(_ values: UInt16...) {
      for value in values { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    }

    mutating func long(_ values: UInt32...) {
      for value in values { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    }
  }
}

/// The checksum of ZIP files: the polynomial 0x04C11DB7, reflected.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }
}
