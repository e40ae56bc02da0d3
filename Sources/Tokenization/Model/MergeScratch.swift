/// The memory in which one word is merged: short words by looking over all pairs each time, long ones by a heap.
struct MergeScratch: Sendable {
  var symbols: [Symbol] = []
  private var pairs: [MergeTable.Merge] = []

  /// Up to this many symbols the plain search is faster than the heap.
  private static let longestPlain = 96
  private static let noMerge = MergeTable.Merge(rank: .max, result: -1)

  /// Applies merges until none is left: the lowest rank first, of equal ranks the leftmost.
  mutating func merge(_ merges: MergeTable) {
    if let first = symbols.first, first.id == Symbol.vanished {
      symbols.removeFirst()
      if !symbols.isEmpty { symbols[0].length += first.length }
    }
    guard symbols.count > 1 else { return }
    if symbols.count <= Self.longestPlain { mergePlainly(merges) } else { mergeByHeap(merges) }
  }

  private mutating func mergePlainly(_ merges: MergeTable) {
    pairs.removeAll(keepingCapacity: true)
    for i in 0..<symbols.count - 1 { pairs.append(merges.find(symbols[i].id, symbols[i + 1].id) ?? Self.noMerge) }
    while true {
      var best = 0
      var lowest = Int32.max
      for i in 0..<pairs.count where pairs[i].rank < lowest {
        lowest = pairs[i].rank
        best = i
      }
      guard lowest != .max else { return }
      symbols[best].id = pairs[best].result
      symbols[best].length += symbols[best + 1].length
      symbols.remove(at: best + 1)
      pairs.remove(at: best)
      if best > 0 { pairs[best - 1] = merges.find(symbols[best - 1].id, symbols[best].id) ?? Self.noMerge }
      if best < pairs.count { pairs[best] = merges.find(symbols[best].id, symbols[best + 1].id) ?? Self.noMerge }
    }
  }

  /// Symbols as a doubly linked list, candidate merges in a heap; a candidate whose pair has changed since is passed over.
  private mutating func mergeByHeap(_ merges: MergeTable) {
    let count = symbols.count
    var next = (0..<count).map { $0 + 1 < count ? $0 + 1 : -1 }
    var previous = (0..<count).map { $0 - 1 }
    var heap = MergeHeap()
    func propose(_ left: Int) {
      guard left >= 0, next[left] >= 0,
        let merge = merges.find(symbols[left].id, symbols[next[left]].id)
      else { return }
      heap.push(.init(rank: merge.rank, position: Int32(left), result: merge.result))
    }
    for i in 0..<count { propose(i) }
    while let candidate = heap.pop() {
      let left = Int(candidate.position)
      guard symbols[left].length >= 0, next[left] >= 0 else { continue }
      let right = next[left]
      guard let merge = merges.find(symbols[left].id, symbols[right].id), merge.result == candidate.result else {
        continue
      }
      symbols[left].id = merge.result
      symbols[left].length += symbols[right].length
      symbols[right].length = -1
      next[left] = next[right]
      if next[left] >= 0 { previous[next[left]] = left }
      propose(previous[left])
      propose(left)
    }
    symbols.removeAll { $0.length < 0 }
  }
}

/// A binary heap of candidate merges, lowest rank and then leftmost on top.
private struct MergeHeap {
  struct Candidate {
    var rank: Int32
    var position: Int32
    var result: TokenID

    static func < (a: Candidate, b: Candidate) -> Bool { a.rank != b.rank ? a.rank < b.rank : a.position < b.position }
  }

  private var items: [Candidate] = []

  mutating func push(_ item: Candidate) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Candidate? {
    guard let top = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return top }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
        least = child
      }
      if least == parent { return top }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
