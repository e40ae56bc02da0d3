/// Ranges of scalars written as two numbers each: how many scalars lie between a range and the one before, and how many more
/// than one it holds.
struct ScalarRanges: Sequence, IteratorProtocol {
  private let deltas: [UInt32]
  private var index = 0
  private var following: UInt32 = 0

  init(_ deltas: [UInt32]) { self.deltas = deltas }

  mutating func next() -> ClosedRange<UInt32>? {
    guard index + 1 < deltas.count else { return nil }
    let first = following + deltas[index]
    let last = first + deltas[index + 1]
    index += 2
    following = last + 1
    return first...last
  }
}
