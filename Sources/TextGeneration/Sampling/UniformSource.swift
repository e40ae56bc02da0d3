/// Uniform random numbers for drawing tokens, the same on every machine: SplitMix64 (public-domain `splitmix64.c` of Vigna).
struct UniformSource: Sendable {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// From 0 up to but not including 1, in steps of 2^-53.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return Double(z >> 11) * 0x1p-53
  }
}
