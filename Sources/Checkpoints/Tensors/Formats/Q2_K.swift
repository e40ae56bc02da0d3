/// 256 weights in 84 bytes: 16 bytes of 4-bit scales and minima, 64 bytes of 2-bit weights, scales d and m of the scales
/// (halves); w = (d s) q - m t for each sub-block of 16 (ggml-common.h, `block_q2_K`).
///
/// Weight 128 h + 32 k + i is bits 2 k and 2 k + 1 of byte 32 h + i.
enum Q2_K: FloatFormat {
  static let elements = 256
  static let bytes = 84
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let d = block.half(at: 80)
      let m = block.half(at: 82)
      for half in 0..<2 {
        let packed = block + 16 + 32 * half
        let weights = out + b * elements + 128 * half
        for part in 0..<2 {
          @inline(__always) func scale(_ k: Int) -> (Float, Float) {
            let packed = block.load(fromByteOffset: 8 * half + 2 * k + part, as: UInt8.self)
            return (d * Float(packed & 0x0F), m * Float(packed >> 4))
          }
          let ((s0, t0), (s1, t1), (s2, t2), (s3, t3)) = (scale(0), scale(1), scale(2), scale(3))
          for i in 16 * part..<16 * part + 16 {
            let q = Int32(packed.load(fromByteOffset: i, as: UInt8.self))
            weights[i] = s0 * Float(q & 3) - t0
            weights[i + 32] = s1 * Float(q >> 2 & 3) - t1
            weights[i + 64] = s2 * Float(q >> 4 & 3) - t2
            weights[i + 96] = s3 * Float(q >> 6) - t3
          }
        }
      }
    }
  }
}
