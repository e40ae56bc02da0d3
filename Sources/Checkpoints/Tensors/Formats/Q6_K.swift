/// 256 weights in 210 bytes: 128 bytes of nibbles, 64 bytes of upper bit pairs, 16 signed scales, scale d of the scales
/// (half); w = (d s) (q - 32) for each sub-block of 16 (ggml-common.h, `block_q6_K`).
///
/// Weight 128 h + 32 k + i: its nibble is the low (k < 2) or high one of byte 64 h + 32 (k mod 2) + i, its upper bits are
/// bits 2 k and 2 k + 1 of byte 32 h + i of the pairs.
enum Q6_K: FloatFormat {
  static let elements = 256
  static let bytes = 210
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let d = block.half(at: 208)
      for half in 0..<2 {
        let nibbles = block + 64 * half
        let pairs = block + 128 + 32 * half
        let scales = block + 192 + 8 * half
        let weights = out + b * elements + 128 * half
        for part in 0..<2 {
          @inline(__always) func scale(_ k: Int) -> Float {
            d * Float(scales.load(fromByteOffset: 2 * k + part, as: Int8.self))
          }
          let (s0, s1, s2, s3) = (scale(0), scale(1), scale(2), scale(3))
          for i in 16 * part..<16 * part + 16 {
            let even = Int32(nibbles.load(fromByteOffset: i, as: UInt8.self))
            let odd = Int32(nibbles.load(fromByteOffset: i + 32, as: UInt8.self))
            let high = Int32(pairs.load(fromByteOffset: i, as: UInt8.self))
            weights[i] = s0 * Float((even & 0x0F | (high & 3) << 4) &- 32)
            weights[i + 32] = s1 * Float((odd & 0x0F | (high & 12) << 2) &- 32)
            weights[i + 64] = s2 * Float((even >> 4 | (high & 48)) &- 32)
            weights[i + 96] = s3 * Float((odd >> 4 | (high & 192) >> 2) &- 32)
          }
        }
      }
    }
  }
}
