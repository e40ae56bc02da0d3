/// A way to store real numbers in blocks of a fixed number of bytes, and how to get them back.
protocol FloatFormat: SendableMetatype {
  /// Elements in a block.
  static var elements: Int { get }
  /// Bytes of a block.
  static var bytes: Int { get }
  /// Decodes `count` blocks that lie one after the other; the source need not be aligned.
  ///
  /// The arithmetic is the reference's (`gguf` package, `quants.py`) in its order, without fused operations, so that the
  /// results are equal to the last bit.
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>)
}

extension UnsafeRawPointer {
  /// A little-endian half-precision number at an offset.
  @inline(__always)
  func half(at offset: Int) -> Float {
    HalfPrecision.float(fromBits: UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }
}

/// IEEE half precision without `Float16`, which Intel Macs lack, and without branches, so that loops vectorise.
enum HalfPrecision {
  /// The value of half-precision bits, exact for every input; a NaN stays a NaN.
  @inline(__always)
  static func float(fromBits bits: UInt16) -> Float {
    let wide = UInt32(bits) << 16
    let sign = wide & 0x8000_0000
    let magnitude = wide &+ wide  // the sign is shifted out
    // Normal numbers: move exponent and fraction to their places, then correct the exponent's bias by 2^-112.
    let normal = Float(bitPattern: (magnitude >> 4) &+ (0xE0 << 23)) * Float(bitPattern: 0x0780_0000)
    // Subnormal numbers: the fraction added to 0.5, and 0.5 taken away again.
    let subnormal = Float(bitPattern: (magnitude >> 17) | (126 << 23)) - 0.5
    // A mask, because a choice between the two would become a jump.
    let isSubnormal: UInt32 = magnitude < (1 << 27) ? .max : 0
    let value = (subnormal.bitPattern & isSubnormal) | (normal.bitPattern & ~isSubnormal)
    return Float(bitPattern: sign | value)
  }
}
