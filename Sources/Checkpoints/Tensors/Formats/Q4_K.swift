/// 256 weights in 144 bytes: scales d and m of the scales (halves), eight scales and minima in 12 bytes (``KQuantScales``),
/// 128 bytes of nibbles; w = (d s) q - m t for each sub-block of 32 (ggml-common.h, `block_q4_K`).
///
/// The nibbles lie in four runs of 32 bytes: the low ones are one sub-block, the high ones the next.
enum Q4_K: FloatFormat {
  static let elements = 256
  static let bytes = 144
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let d = block.half(at: 0)
      let m = block.half(at: 2)
      for run in 0..<4 {
        let packed = block + 16 + 32 * run
        let weights = out + b * elements + 64 * run
        let lower = KQuantScales.pair(block + 4, 2 * run)
        let upper = KQuantScales.pair(block + 4, 2 * run + 1)
        let (s0, t0) = (d * lower.scale, m * lower.minimum)
        let (s1, t1) = (d * upper.scale, m * upper.minimum)
        for i in 0..<32 {
          let q = packed.load(fromByteOffset: i, as: UInt8.self)
          weights[i] = s0 * Float(Int32(q & 0x0F)) - t0
          weights[i + 32] = s1 * Float(Int32(q >> 4)) - t1
        }
      }
    }
  }
}
