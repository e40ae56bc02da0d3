/// 32 weights in 22 bytes: scale d (half), 4 bytes of fifth bits, 16 bytes of nibbles; w = d (q - 16).
///
/// Bit j of the little-endian word is the fifth bit of weight j; nibbles lie as in ``Q4_0`` (`block_q5_0`).
enum Q5_0: FloatFormat {
  static let elements = 32
  static let bytes = 22
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let weights = out + b * elements
      let d = block.half(at: 0)
      let high = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
      for j in 0..<16 {
        let q = UInt32(block.load(fromByteOffset: 6 + j, as: UInt8.self))
        let low = (q & 0x0F) | ((high &>> UInt32(j)) & 1) << 4
        let upper = (q >> 4) | ((high &>> UInt32(j + 16)) & 1) << 4
        weights[j] = d * Float(Int32(bitPattern: low) &- 16)
        weights[j + 16] = d * Float(Int32(bitPattern: upper) &- 16)
      }
    }
  }
}

/// 32 weights in 24 bytes: scale d and minimum m (halves), 4 bytes of fifth bits, 16 bytes of nibbles; w = d q + m
/// (`block_q5_1`).
enum Q5_1: FloatFormat {
  static let elements = 32
  static let bytes = 24
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for b in 0..<count {
      let block = blocks + b * bytes
      let weights = out + b * elements
      let d = block.half(at: 0)
      let m = block.half(at: 2)
      let high = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      for j in 0..<16 {
        let q = UInt32(block.load(fromByteOffset: 8 + j, as: UInt8.self))
        let low = (q & 0x0F) | ((high &>> UInt32(j)) & 1) << 4
        let upper = (q >> 4) | ((high &>> UInt32(j + 16)) & 1) << 4
        weights[j] = d * Float(Int32(bitPattern: low)) + m
        weights[j + 16] = d * Float(Int32(bitPattern: upper)) + m
      }
    }
  }
}
