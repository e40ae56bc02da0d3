/// SHA-1: the hash by which git, and so the Hub, names small files. FIPS 180-4, section 6.1.
struct SHA1: BlockFunction {
  private var h: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
  )

  var words: [UInt32] { [h.0, h.1, h.2, h.3, h.4] }

  mutating func take(_ blocks: UnsafeRawBufferPointer) {
    guard let start = blocks.baseAddress else { return }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { w in
      guard let w = w.baseAddress else { return }
      for offset in stride(from: 0, to: blocks.count, by: 64) { take(start + offset, w) }
    }
  }

  /// One block; `w` is room for the message schedule.
  @inline(__always)
  private mutating func take(_ block: UnsafeRawPointer, _ w: UnsafeMutablePointer<UInt32>) {
    for t in 0..<16 { w[t] = block.bigEndianWord(t) }
    for t in 16..<80 { w[t] = (w[t &- 3] ^ w[t &- 8] ^ w[t &- 14] ^ w[t &- 16]).rotated(left: 1) }
    var (a, b, c, d, e) = h
    @inline(__always) func round(_ f: UInt32, _ k: UInt32, _ w: UInt32) {
      (e, d, c, b, a) = (d, c, b.rotated(left: 30), a, a.rotated(left: 5) &+ f &+ e &+ k &+ w)
    }
    for t in 0..<20 { round(d ^ b & (c ^ d), 0x5a82_7999, w[t]) }
    for t in 20..<40 { round(b ^ c ^ d, 0x6ed9_eba1, w[t]) }
    for t in 40..<60 { round(b & c | d & (b | c), 0x8f1b_bcdc, w[t]) }
    for t in 60..<80 { round(b ^ c ^ d, 0xca62_c1d6, w[t]) }
    h = (h.0 &+ a, h.1 &+ b, h.2 &+ c, h.3 &+ d, h.4 &+ e)
  }
}
