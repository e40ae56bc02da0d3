/// 32 weights in 34 bytes: scale d (half), 32 signed bytes; w = d q (ggml-common.h, `block_q8_0`).
enum Q8_0: FloatFormat {
  static let elements = 32
  static let bytes = 34
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let weights = out + b * elements
      let d = block.half(at: 0)
      for j in 0..<32 { weights[j] = d * Float(Int32(block.load(fromByteOffset: 2 + j, as: Int8.self))) }
    }
  }
}
