/// SHA-256: the hash by which the Hub names files in large file storage. FIPS 180-4, section 6.2.
struct SHA256: BlockFunction {
  private var h: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )

  var words: [UInt32] { [h.0, h.1, h.2, h.3, h.4, h.5, h.6, h.7] }

  mutating func take(_ blocks: UnsafeRawBufferPointer) {
    guard let start = blocks.baseAddress else { return }
    Self.constants.withUnsafeBufferPointer { k in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
        guard let k = k.baseAddress, let w = w.baseAddress else { return }
        for offset in stride(from: 0, to: blocks.count, by: 64) { take(start + offset, k, w) }
      }
    }
  }

  /// One block; `w` is room for the message schedule.
  @inline(__always)
  private mutating func take(
    _ block: UnsafeRawPointer, _ k: UnsafePointer<UInt32>, _ w: UnsafeMutablePointer<UInt32>
  ) {
    for t in 0..<16 { w[t] = block.bigEndianWord(t) }
    for t in 16..<64 {
      let s0 = w[t &- 15].rotated(right: 7) ^ w[t &- 15].rotated(right: 18) ^ w[t &- 15] &>> 3
      let s1 = w[t &- 2].rotated(right: 17) ^ w[t &- 2].rotated(right: 19) ^ w[t &- 2] &>> 10
      w[t] = s1 &+ w[t &- 7] &+ s0 &+ w[t &- 16]
    }
    var (a, b, c, d, e, f, g, z) = h
    // Eight rounds at a time: after them every letter is back in its place, and nothing has been moved.
    for t in stride(from: 0, to: 64, by: 8) {
      Self.round(a, b, c, &d, e, f, g, &z, k[t] &+ w[t])
      Self.round(z, a, b, &c, d, e, f, &g, k[t &+ 1] &+ w[t &+ 1])
      Self.round(g, z, a, &b, c, d, e, &f, k[t &+ 2] &+ w[t &+ 2])
      Self.round(f, g, z, &a, b, c, d, &e, k[t &+ 3] &+ w[t &+ 3])
      Self.round(e, f, g, &z, a, b, c, &d, k[t &+ 4] &+ w[t &+ 4])
      Self.round(d, e, f, &g, z, a, b, &c, k[t &+ 5] &+ w[t &+ 5])
      Self.round(c, d, e, &f, g, z, a, &b, k[t &+ 6] &+ w[t &+ 6])
      Self.round(b, c, d, &e, f, g, z, &a, k[t &+ 7] &+ w[t &+ 7])
    }
    h = (h.0 &+ a, h.1 &+ b, h.2 &+ c, h.3 &+ d, h.4 &+ e, h.5 &+ f, h.6 &+ g, h.7 &+ z)
  }

  /// What step 3 does to d and h (here `z`); the other letters only change their names.
  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32, _ z: inout UInt32,
    _ kw: UInt32
  ) {
    let sum1 = e.rotated(right: 6) ^ e.rotated(right: 11) ^ e.rotated(right: 25)
    let t1 = z &+ sum1 &+ (g ^ e & (f ^ g)) &+ kw
    let sum0 = a.rotated(right: 2) ^ a.rotated(right: 13) ^ a.rotated(right: 22)
    d &+= t1
    z = t1 &+ sum0 &+ (a & b | c & (a | b))
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
