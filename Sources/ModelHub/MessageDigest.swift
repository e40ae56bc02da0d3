/// What SHA-1 and SHA-256 differ in: how a block of 64 bytes changes the chaining value.
protocol BlockFunction {
  init()
  /// Takes whole blocks, one behind the other.
  mutating func take(_ blocks: UnsafeRawBufferPointer)
  /// The chaining value: after the padding it is the digest.
  var words: [UInt32] { get }
}

/// The frame that SHA-1 and SHA-256 share: blocks of 64 bytes, then a padding that ends in the length in bits.
///
/// FIPS 180-4, section 5. Our own, because the package that offers more of it takes longer to build than all rooms
/// without the engine; nothing here is secret, so nothing needs constant time.
struct MessageDigest<Function: BlockFunction> {
  private static var block: Int { 64 }
  private var function = Function()
  private var rest: [UInt8] = []
  private var count: UInt64 = 0

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count += UInt64(bytes.count)
    var bytes = bytes[...]
    if !rest.isEmpty {
      let missing = bytes.prefix(Self.block - rest.count)
      rest += missing
      bytes = bytes[missing.endIndex...]
      guard rest.count == Self.block else { return }
      rest.withUnsafeBytes { function.take($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let whole = bytes.count / Self.block * Self.block
    function.take(UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
    rest += bytes.dropFirst(whole)
  }

  mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest in hexadecimal digits.
  consuming func finished() -> String {
    var padding: [UInt8] = rest + [0x80]
    let zeros = (Self.block - 8 - padding.count % Self.block + Self.block) % Self.block
    padding += [UInt8](repeating: 0, count: zeros)
    withUnsafeBytes(of: (count << 3).bigEndian) { padding += $0 }
    padding.withUnsafeBytes { function.take($0) }
    return function.words.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }
}

extension UInt32 {
  @inline(__always)
  func rotated(right bits: UInt32) -> UInt32 { self &>> bits | self &<< (32 &- bits) }
  @inline(__always)
  func rotated(left bits: UInt32) -> UInt32 { self &<< bits | self &>> (32 &- bits) }
}

extension UnsafeRawPointer {
  @inline(__always)
  func bigEndianWord(_ index: Int) -> UInt32 {
    UInt32(bigEndian: loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
  }
}
