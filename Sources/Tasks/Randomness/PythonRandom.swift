/// Python's `random.Random`: the same seed draws the same sample as `random.seed(seed); random.sample(items, k)`.
///
/// Published experiments name the subset they trained on by a Python seed alone (LoFiT: 300 of 3,151 CLUTRR stories, seed
/// 42), so that the subset can be had only by drawing as Python draws. MT19937 of Matsumoto and Nishimura (1998), seeded by
/// `init_by_array`; sampling as in CPython 3.11 to 3.13, `Lib/random.py`.
public struct PythonRandom: Sendable {
  private var state: [UInt32]
  private var index: Int

  private static let size = 624
  private static let shift = 397

  /// `random.Random(seed)` for a whole number; as in Python, the sign of the seed is dropped.
  public init(seed: Int) {
    let magnitude = UInt64(seed.magnitude)
    var key = [UInt32(truncatingIfNeeded: magnitude)]
    if magnitude >> 32 != 0 { key.append(UInt32(truncatingIfNeeded: magnitude >> 32)) }
    state = Self.seeded(19_650_218)
    index = Self.size
    mix(key)
  }

  private static func seeded(_ seed: UInt32) -> [UInt32] {
    var state = [seed]
    state.reserveCapacity(size)
    for i in 1..<size {
      let last = state[i - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(i))
    }
    return state
  }

  /// `init_by_array` of the reference implementation.
  private mutating func mix(_ key: [UInt32]) {
    var i = 1
    func advance(_ state: inout [UInt32], _ i: inout Int) {
      i += 1
      if i >= Self.size {
        state[0] = state[Self.size - 1]
        i = 1
      }
    }
    for k in 0..<Self.size {
      let last = state[i - 1]
      let j = k % key.count
      state[i] = (state[i] ^ ((last ^ (last >> 30)) &* 1_664_525)) &+ key[j] &+ UInt32(j)
      advance(&state, &i)
    }
    for _ in 0..<(Self.size - 1) {
      let last = state[i - 1]
      state[i] = (state[i] ^ ((last ^ (last >> 30)) &* 1_566_083_941)) &- UInt32(i)
      advance(&state, &i)
    }
    state[0] = 0x8000_0000
  }

  /// `genrand_uint32`.
  mutating func next() -> UInt32 {
    if index >= Self.size { refill() }
    var y = state[index]
    index += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C_5680
    y ^= (y << 15) & 0xEFC6_0000
    y ^= y >> 18
    return y
  }

  private mutating func refill() {
    for k in 0..<Self.size {
      let y = (state[k] & 0x8000_0000) | (state[(k + 1) % Self.size] & 0x7FFF_FFFF)
      state[k] = state[(k + Self.shift) % Self.size] ^ (y >> 1) ^ (y & 1 == 1 ? 0x9908_B0DF : 0)
    }
    index = 0
  }

  /// `random._randbelow(n)`: as many bits as `n` has, drawn again until they are below it.
  /// - Precondition: `n` is positive and below 2^32.
  mutating func below(_ n: Int) -> Int {
    let bits = Int.bitWidth - n.leadingZeroBitCount
    var draw = next() >> UInt32(32 - bits)
    while draw >= n { draw = next() >> UInt32(32 - bits) }
    return Int(draw)
  }

  /// `random.sample(range(count), k)`: which items are drawn, in the order of drawing.
  ///
  /// Like Python it shuffles a list where the sample is a large part of it, and remembers a set where it is not; the two
  /// draw differently.
  /// - Precondition: `0 <= k <= count < 2^32`.
  public mutating func sample(of count: Int, _ k: Int) -> [Int] {
    var drawn: [Int] = []
    drawn.reserveCapacity(k)
    if count <= Self.setSize(k) {
      var pool = Array(0..<count)
      for i in 0..<k {
        let j = below(count - i)
        drawn.append(pool[j])
        pool[j] = pool[count - i - 1]
      }
    } else {
      var selected: Set<Int> = []
      for _ in 0..<k {
        var j = below(count)
        while !selected.insert(j).inserted { j = below(count) }
        drawn.append(j)
      }
    }
    return drawn
  }

  /// Up to which count a list is cheaper than a set, in Python's reckoning: 21, plus for k > 5 the smallest power of four
  /// that is at least 3k.
  private static func setSize(_ k: Int) -> Int {
    guard k > 5 else { return 21 }
    var power = 1
    while power < 3 * k { power *= 4 }
    return 21 + power
  }
}
