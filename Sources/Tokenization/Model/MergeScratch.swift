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

  private mutating func mergeByHeap(_ merges: MergeTable) {
    var chain = MergeChain(symbols)
    chain.merge(merges)
    symbols = chain.symbols
  }
}
