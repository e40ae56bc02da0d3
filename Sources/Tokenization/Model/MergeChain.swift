/// A long word as a doubly linked list of symbols, with its candidate merges in a heap.
///
/// A candidate whose pair has changed since it was proposed is passed over. Reference: `Word::merge_all` in tokenizers' `models/bpe/word.rs`.
struct MergeChain {
  private struct Link {
    var symbol: Symbol
    /// -1 at the ends.
    var previous: Int32
    var next: Int32
  }

  private var links: [Link]
  private var heap = MergeHeap()

  init(_ symbols: [Symbol]) {
    let last = Int32(symbols.count - 1)
    links = symbols.enumerated().map { i, symbol in
      Link(symbol: symbol, previous: Int32(i) - 1, next: Int32(i) == last ? -1 : Int32(i) + 1)
    }
  }

  /// What is left; a symbol that was merged into the one before it has length -1.
  var symbols: [Symbol] { links.lazy.map(\.symbol).filter { $0.length >= 0 } }

  mutating func merge(_ merges: MergeTable) {
    for i in links.indices { propose(Int32(i), merges) }
    while let candidate = heap.pop() {
      let left = Int(candidate.position)
      let right = Int(links[left].next)
      guard links[left].symbol.length >= 0, right >= 0,
        let merge = merges.find(links[left].symbol.id, links[right].symbol.id), merge.result == candidate.result
      else { continue }
      links[left].symbol.id = merge.result
      links[left].symbol.length += links[right].symbol.length
      links[right].symbol.length = -1
      let next = links[right].next
      links[left].next = next
      if next >= 0 { links[Int(next)].previous = candidate.position }
      propose(links[left].previous, merges)
      propose(candidate.position, merges)
    }
  }

  @inline(__always)
  private mutating func propose(_ left: Int32, _ merges: MergeTable) {
    guard left >= 0, links[Int(left)].next >= 0,
      let merge = merges.find(links[Int(left)].symbol.id, links[Int(links[Int(left)].next)].symbol.id)
    else { return }
    heap.push(.init(rank: merge.rank, position: left, result: merge.result))
  }
}

/// A binary heap of candidate merges, lowest rank and then leftmost on top.
private struct MergeHeap {
  struct Candidate {
    var rank: Int32
    var position: Int32
    var result: TokenID

    /// Rank first, position second, as one number.
    var key: UInt64 { UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: position)) }
  }

  private var items: [Candidate] = []

  @inline(__always)
  mutating func push(_ item: Candidate) {
    items.append(item)
    items.withUnsafeMutableBufferPointer { items in
      var child = items.count - 1
      while child > 0 {
        let parent = (child - 1) / 2
        guard item.key < items[parent].key else { break }
        items[child] = items[parent]
        child = parent
      }
      items[child] = item
    }
  }

  @inline(__always)
  mutating func pop() -> Candidate? {
    guard let top = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return top }
    items.withUnsafeMutableBufferPointer { items in
      var parent = 0
      while true {
        var child = 2 * parent + 1
        if child >= items.count { break }
        if child + 1 < items.count, items[child + 1].key < items[child].key { child += 1 }
        guard items[child].key < last.key else { break }
        items[parent] = items[child]
        parent = child
      }
      items[parent] = last
    }
    return top
  }
}
