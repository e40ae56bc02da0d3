/// The eight scales and eight minima of ``Q4_K`` and ``Q5_K``, 6 bits each in 12 bytes.
///
/// Bytes 0-3 and 4-7 hold scales and minima 0-3 in their low six bits; bytes 8-11 hold the low four bits of scales (low
/// nibble) and minima (high nibble) 4-7, whose upper two bits are the upper two of bytes 0-7 (ggml-quants.c,
/// `get_scale_min_k4`).
enum KQuantScales {
  /// The scale and the minimum of sub-block `j` of eight.
  @inline(__always)
  static func pair(_ packed: UnsafeRawPointer, _ j: Int) -> (scale: Float, minimum: Float) {
    @inline(__always) func byte(_ i: Int) -> UInt8 { packed.load(fromByteOffset: i, as: UInt8.self) }
    if j < 4 { return (Float(byte(j) & 63), Float(byte(j + 4) & 63)) }
    let scale = (byte(j + 4) & 0x0F) | (byte(j - 4) >> 6) << 4
    let minimum = (byte(j + 4) >> 4) | (byte(j) >> 6) << 4
    return (Float(scale), Float(minimum))
  }
}
