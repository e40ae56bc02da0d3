/// The scalars sorted into classes that a pattern does not tell apart: two scalars of one class are in the same of its sets.
struct ScalarPartition: Sendable {
  /// The class of each ASCII character.
  private(set) var ascii = [UInt8](repeating: 0, count: 128)
  /// Where, beyond ASCII, the ranges of the sets begin and end; the first is 0x80.
  private let bounds: [UInt32]
  /// The class of a scalar beyond ASCII, by the number of its interval in `bounds` times 32, plus its `ScalarClass`.
  private var beyond: [UInt8] = []
  /// For each class, which sets it is in: a bit for each.
  private(set) var members: [UInt64] = []

  var count: Int { members.count }

  /// More ranges than this, in all sets, are refused; the patterns of tokenizers have less than two hundred.
  static let mostRanges = 4096

  /// - Returns: `nil` where there are too many ranges, or more classes than a byte can number.
  init?(_ sets: [ScalarSet]) {
    guard sets.reduce(0, { $0 + $1.ranges.count }) <= Self.mostRanges else { return nil }
    var bounds: Set<UInt32> = [0x80]
    for range in sets.lazy.flatMap(\.ranges) {
      for bound in [range.lowerBound, range.upperBound + 1] where bound > 0x80 { bounds.insert(bound) }
    }
    self.bounds = bounds.sorted()

    var numbers: [UInt64: UInt8] = [:]
    var members: [UInt64] = []
    func number(_ isNamed: [Bool], _ scalarClass: UInt8) -> UInt8 {
      var key: UInt64 = 0
      for (i, set) in sets.enumerated() where set.contains(scalarOf: scalarClass, isNamed: isNamed[i]) {
        key |= 1 << UInt64(i)
      }
      if let known = numbers[key] { return known }
      let number = UInt8(truncatingIfNeeded: members.count)
      numbers[key] = number
      members.append(key)
      return number
    }
    for scalar in 0..<128 { ascii[scalar] = number(sets.map { $0.names(UInt32(scalar)) }, ScalarClass.table[scalar]) }
    for bound in self.bounds {
      let isNamed = sets.map { $0.names(bound) }
      for scalarClass in 0..<UInt8(32) { beyond.append(number(isNamed, scalarClass)) }
    }
    guard members.count < 255 else { return nil }
    self.members = members
  }

  /// The class of a scalar beyond ASCII.
  @inline(__always)
  func ofNonASCII(_ scalar: UInt32, _ scalarClass: UInt8) -> UInt8 {
    var interval = 0
    if bounds.count > 1 {
      var end = bounds.count
      while interval + 1 < end {
        let middle = (interval + end) / 2
        if bounds[middle] <= scalar { interval = middle } else { end = middle }
      }
    }
    return beyond[interval << 5 | Int(scalarClass)]
  }
}
