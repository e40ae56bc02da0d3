/// A small random generator whose stream is the same on every platform and with every Swift version.
///
/// SplitMix64 as in Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014); the constants are those
/// of Vigna's public-domain `splitmix64.c`. The shuffles below are our own, for the standard library does not promise to
/// draw the same numbers in the next version.
public struct SplitMix64: Sendable {
  private var state: UInt64

  /// A generator whose whole stream follows from the seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A whole number from 0 up to but not including `bound`, each equally likely.
  ///
  /// The high half of a 128-bit product, with the few products that would favour some numbers drawn again (Lemire 2019).
  /// - Precondition: `bound` is positive.
  public mutating func uniform(below bound: Int) -> Int {
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let unfair = (0 &- bound) % bound
      while product.low < unfair { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// True or false with equal chance.
  public mutating func coin() -> Bool { next() >> 63 == 1 }

  /// One of the items.
  /// - Precondition: there is at least one.
  public mutating func pick<Item>(_ items: [Item]) -> Item { items[uniform(below: items.count)] }

  /// The items in random order (Fisher and Yates).
  public mutating func shuffled<Item>(_ items: [Item]) -> [Item] {
    var items = items
    for i in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(i, uniform(below: i + 1)) }
    return items
  }
}
