/// The tokens of a vocabulary by their beginnings: finds all that a text begins with in one walk.
///
/// Nodes lie level by level, so that the children of a node are neighbours, in the order of their bytes.
struct TokenTrie: Sendable {
  /// The byte that leads to a node.
  private var labels: [UInt8] = [0]
  /// The first child of each node; they end where those of the next node begin.
  private var children: [Int32] = []
  /// The token that ends at a node; -1 for none.
  private var tokens: [TokenID] = []
  /// The child of the root for each byte; 0 for none.
  private var roots = [Int32](repeating: 0, count: 256)

  /// - Parameter entries: tokens and their ids, no token twice; empty tokens are left out, for no text begins with them.
  init(_ entries: [(token: ArraySlice<UInt8>, id: TokenID)]) {
    let entries = entries.filter { !$0.token.isEmpty }.sorted { $0.token.lexicographicallyPrecedes($1.token) }
    // The entries below each node of the level at hand.
    var level = [0..<entries.count]
    var depth = 0
    while !level.isEmpty {
      var next: [Range<Int>] = []
      for range in level {
        var start = range.lowerBound
        tokens.append(-1)
        if depth > 0, start < range.upperBound, entries[start].token.count == depth {
          tokens[tokens.count - 1] = entries[start].id
          start += 1
        }
        children.append(Int32(labels.count))
        while start < range.upperBound {
          let byte = Self.byte(entries[start].token, depth)
          var end = start + 1
          while end < range.upperBound, Self.byte(entries[end].token, depth) == byte { end += 1 }
          if depth == 0 { roots[Int(byte)] = Int32(labels.count) }
          labels.append(byte)
          next.append(start..<end)
          start = end
        }
      }
      level = next
      depth += 1
    }
    children.append(Int32(labels.count))
  }

  private static func byte(_ token: ArraySlice<UInt8>, _ depth: Int) -> UInt8 { token[token.startIndex + depth] }

  /// Whether any token begins with a byte.
  @inline(__always)
  func begins(with byte: UInt8) -> Bool { roots[Int(byte)] != 0 }

  /// Calls `body` with each token that the text begins with from a place on, shortest first, and where it ends.
  @inline(__always)
  func forEachPrefix(
    of text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (_ id: TokenID, _ end: Int) -> Void
  ) {
    guard start < text.count else { return }
    var node = Int(roots[Int(text[start])])
    var position = start + 1
    while node != 0 {
      if tokens[node] >= 0 { body(tokens[node], position) }
      guard position < text.count else { return }
      node = child(of: node, text[position])
      position += 1
    }
  }

  /// The child that a byte leads to; 0, the root, for none.
  @inline(__always)
  private func child(of node: Int, _ byte: UInt8) -> Int {
    var low = Int(children[node])
    var high = Int(children[node + 1])
    while high - low > 8 {
      let middle = (low + high) / 2
      if labels[middle] <= byte { low = middle } else { high = middle }
    }
    while low < high {
      if labels[low] == byte { return low }
      low += 1
    }
    return 0
  }
}
