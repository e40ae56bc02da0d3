/// For each place in a piece the best way to it: its score, its last token, and where that begins.
struct Lattice: Sendable {
  private var scores: [Double] = []
  private var ids: [TokenID] = []
  /// -1 where no way leads.
  private var starts: [Int32] = []

  mutating func reset(_ count: Int) {
    scores.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    scores += repeatElement(0, count: count + 1)
    ids += repeatElement(0, count: count + 1)
    starts += repeatElement(-1, count: count + 1)
  }

  func score(at place: Int) -> Double { scores[place] }

  func arrival(at place: Int) -> (id: TokenID, start: Int) { (ids[place], Int(starts[place])) }

  @inline(__always)
  mutating func offer(_ id: TokenID, from start: Int, to end: Int, _ score: Double) {
    guard starts[end] < 0 || score > scores[end] else { return }
    scores[end] = score
    ids[end] = id
    starts[end] = Int32(start)
  }
}
