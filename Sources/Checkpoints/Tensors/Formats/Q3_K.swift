/// 256 weights in 110 bytes: 32 bytes of third bits, 64 bytes of 2-bit weights, 16 scales of 6 bits in 12 bytes, scale d of
/// the scales (half); w = (d (s - 32)) (q - 4) for each sub-block of 16 (ggml-common.h, `block_q3_K`).
///
/// Weight 128 h + 32 k + i is bits 2 k and 2 k + 1 of byte 32 h + i, and bit 4 h + k of the i-th byte of third bits.
enum Q3_K: FloatFormat {
  static let elements = 256
  static let bytes = 110
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let d = block.half(at: 108)
      for half in 0..<2 {
        let packed = block + 32 + 32 * half
        let weights = out + b * elements + 128 * half
        let shift = Int32(4 * half)
        for part in 0..<2 {
          @inline(__always) func scale(_ k: Int) -> Float { d * Float(Self.scale(block + 96, 8 * half + 2 * k + part)) }
          let (s0, s1, s2, s3) = (scale(0), scale(1), scale(2), scale(3))
          for i in 16 * part..<16 * part + 16 {
            let q = Int32(packed.load(fromByteOffset: i, as: UInt8.self))
            let third = Int32(block.load(fromByteOffset: i, as: UInt8.self)) &>> shift
            weights[i] = s0 * Float((q & 3 | (third & 1) << 2) &- 4)
            weights[i + 32] = s1 * Float((q >> 2 & 3 | (third & 2) << 1) &- 4)
            weights[i + 64] = s2 * Float((q >> 4 & 3 | (third & 4)) &- 4)
            weights[i + 96] = s3 * Float((q >> 6 | (third & 8) >> 1) &- 4)
          }
        }
      }
    }
  }

  /// Scale `j` of 16, -32 to 31: its nibble lies in the first eight bytes, its upper two bits in the last four.
  @inline(__always)
  private static func scale(_ packed: UnsafeRawPointer, _ j: Int) -> Int32 {
    let low = Int32(packed.load(fromByteOffset: j % 8, as: UInt8.self)) &>> Int32(4 * (j / 8)) & 0x0F
    let high = Int32(packed.load(fromByteOffset: 8 + j % 4, as: UInt8.self)) &>> Int32(2 * (j / 4)) & 3
    return (low | high << 4) &- 32
  }
}
