/// 256 weights in 176 bytes: as ``Q4_K``, with 32 bytes of fifth bits before the nibbles (ggml-common.h, `block_q5_K`).
///
/// Bit j of the i-th byte of fifth bits belongs to weight i of sub-block j.
enum Q5_K: FloatFormat {
  static let elements = 256
  static let bytes = 176
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let d = block.half(at: 0)
      let m = block.half(at: 2)
      let fifth = block + 16
      for run in 0..<4 {
        let packed = block + 48 + 32 * run
        let weights = out + b * elements + 64 * run
        let lower = KQuantScales.pair(block + 4, 2 * run)
        let upper = KQuantScales.pair(block + 4, 2 * run + 1)
        let (s0, t0) = (d * lower.scale, m * lower.minimum)
        let (s1, t1) = (d * upper.scale, m * upper.minimum)
        for i in 0..<32 {
          let q = Int32(packed.load(fromByteOffset: i, as: UInt8.self))
          let high = Int32(fifth.load(fromByteOffset: i, as: UInt8.self)) &>> Int32(2 * run)
          weights[i] = s0 * Float(q & 0x0F | (high & 1) << 4) - t0
          weights[i + 32] = s1 * Float(q >> 4 | (high & 2) << 3) - t1
        }
      }
    }
  }
}
