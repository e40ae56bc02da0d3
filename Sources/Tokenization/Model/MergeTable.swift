/// Which two neighbouring tokens merge, at what rank, and into what: a hash table with the pair as one integer key.
struct MergeTable: Sendable {
  struct Merge: Sendable {
    /// The place in the merge list; the lowest goes first.
    var rank: Int32
    var result: TokenID
  }

  private var keys: [UInt64]
  private var merges: [Merge]
  private let mask: Int
  /// No pair of ids has this key, since ids are not negative.
  private static let free = UInt64.max

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    keys = [UInt64](repeating: Self.free, count: size)
    merges = [Merge](repeating: Merge(rank: .max, result: -1), count: size)
    mask = size - 1
  }

  /// Adds a merge; of two for the same pair the later counts, as in tokenizers.
  mutating func insert(_ left: TokenID, _ right: TokenID, _ merge: Merge) {
    let place = slot(of: Self.key(left, right))
    keys[place] = Self.key(left, right)
    merges[place] = merge
  }

  @inline(__always)
  func find(_ left: TokenID, _ right: TokenID) -> Merge? {
    let place = slot(of: Self.key(left, right))
    return keys[place] == Self.free ? nil : merges[place]
  }

  @inline(__always)
  private static func key(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    // Fibonacci hashing: the golden ratio spreads neighbouring ids, the high half is taken.
    var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[place] != Self.free, keys[place] != key { place = (place + 1) & mask }
    return place
  }
}
