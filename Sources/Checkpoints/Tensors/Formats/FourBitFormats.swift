/// 32 weights in 18 bytes: scale d (half), 16 bytes of nibbles; w = d (q - 8).
///
/// Byte j holds weight j in its low nibble and weight j + 16 in its high nibble (ggml-common.h, `block_q4_0`).
enum Q4_0: FloatFormat {
  static let elements = 32
  static let bytes = 18
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let weights = out + b * elements
      let d = block.half(at: 0)
      for j in 0..<16 {
        let q = block.load(fromByteOffset: 2 + j, as: UInt8.self)
        weights[j] = d * Float(Int32(q & 0x0F) &- 8)
        weights[j + 16] = d * Float(Int32(q >> 4) &- 8)
      }
    }
  }
}

/// 32 weights in 20 bytes: scale d and minimum m (halves), 16 bytes of nibbles; w = d q + m (`block_q4_1`).
enum Q4_1: FloatFormat {
  static let elements = 32
  static let bytes = 20
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let weights = out + b * elements
      let d = block.half(at: 0)
      let m = block.half(at: 2)
      for j in 0..<16 {
        let q = block.load(fromByteOffset: 4 + j, as: UInt8.self)
        weights[j] = d * Float(Int32(q & 0x0F)) + m
        weights[j + 16] = d * Float(Int32(q >> 4)) + m
      }
    }
  }
}
