extension TensorTable {
  /// 16 hexadecimal digits that depend on names, shapes, types and the ends of every tensor's bytes.
  ///
  /// FNV-1a (64 bits) over, for each tensor by name (sorted as bytes): name, shape, storage type, the first and the last
  /// 4,096 stored bytes. It finds mix-ups such as an adapter on the wrong model; it is no signature, for the middle of a
  /// large tensor does not count and FNV is not made against an adversary.
  public var fingerprint: String {
    var hash = FNV1a()
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      guard let tensor = self[name] else { continue }
      hash.add("\(name)\0\(tensor.shape.map(String.init).joined(separator: ","))\0\(tensor.storage.rawValue)\0".utf8)
      tensor.bytes.withBytes { bytes in
        hash.add(bytes.prefix(4096))
        hash.add(bytes.suffix(4096))
      }
    }
    return hash.text
  }
}

/// The hash of Fowler, Noll and Vo, variant 1a, 64 bits.
private struct FNV1a {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  }

  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
