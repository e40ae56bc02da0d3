/// Texts with one beginning as a tree, so that what they share is computed once.
///
/// A row is a token behind all before it. Two texts share a row where all their tokens up to it are the same, and treated alike by
/// the edits. The rows are numbered depth first, a text's continuation behind the text: so whatever run of rows is read at a
/// time, what it goes on from is one path.
public struct TextTree {
  /// A token and what the edits do to it.
  public typealias Key = UInt64

  /// Tokens that follow one another in the same texts.
  fileprivate struct Node {
    /// One of the texts.
    let text: Int
    /// The positions in it.
    var positions: Range<Int>
    var parent: Int?
    /// The row of its first token.
    var row = 0

    var rows: Range<Int> { row..<row + positions.count }
  }

  private var nodes: [Node] = []
  /// The nodes by their rows.
  private var order: [Int] = []
  /// The node in which each text ends.
  private var ends: [Int] = []

  private struct Step: Hashable {
    let node: Int?
    let key: Key
  }

  /// The tree of some texts, none of them empty.
  public init(_ texts: [[Key]]) {
    var children: [Step: Int] = [:]
    for (text, keys) in texts.enumerated() {
      var (node, depth): (Int?, Int) = (nil, 0)
      while depth < keys.count {
        guard let child = children[Step(node: node, key: keys[depth])] else {
          nodes.append(Node(text: text, positions: depth..<keys.count, parent: node))
          children[Step(node: node, key: keys[depth])] = nodes.count - 1
          (node, depth) = (nodes.count - 1, keys.count)
          continue
        }
        let positions = nodes[child].positions
        let known = texts[nodes[child].text]
        let same = positions.prefix { $0 < keys.count && known[$0] == keys[$0] }.count
        depth += same
        node = child
        if same == positions.count { continue }
        // What both have becomes a node of its own, above.
        nodes.append(
          Node(text: nodes[child].text, positions: positions.lowerBound..<depth, parent: nodes[child].parent))
        let upper = nodes.count - 1
        children[Step(node: nodes[child].parent, key: known[positions.lowerBound])] = upper
        children[Step(node: upper, key: known[depth])] = child
        nodes[child].positions = depth..<positions.upperBound
        nodes[child].parent = upper
        node = upper
      }
      if let node { ends.append(node) }
    }
    number()
  }

  /// Numbers the rows depth first, children in the order of their texts.
  private mutating func number() {
    var children = [[Int]](repeating: [], count: nodes.count)
    var open: [Int] = []
    for node in nodes.indices.sorted(by: { nodes[$0].text > nodes[$1].text }) {
      if let parent = nodes[node].parent { children[parent].append(node) } else { open.append(node) }
    }
    var row = 0
    while let node = open.popLast() {
      nodes[node].row = row
      row += nodes[node].positions.count
      order.append(node)
      open += children[node]
    }
    rowCount = row
  }

  /// A token and what is done to it as one key.
  public static func key(token: Int32, treatment: Int32) -> Key {
    Key(UInt32(bitPattern: treatment)) << 32 | Key(UInt32(bitPattern: token))
  }

  /// Number of rows: of tokens, each counted once for all texts that share it.
  public private(set) var rowCount = 0

  /// The row of a position of a text.
  public func row(of text: Int, at position: Int) -> Int {
    var node = nodes[ends[text]]
    while position < node.positions.lowerBound, let parent = node.parent { node = nodes[parent] }
    return node.row + position - node.positions.lowerBound
  }

  /// Consecutive positions of one text within a run of rows.
  public struct Piece {
    /// One of the texts that have these positions in common.
    public let text: Int
    /// The positions in it.
    public let positions: Range<Int>
    /// The piece of the run on whose last row they follow.
    public let parent: Int?
  }

  /// The pieces of the nodes that lie in a run of rows, in the order of the rows.
  public func pieces(of run: Range<Int>) -> [Piece] {
    var pieces: [Piece] = []
    var found: [Int: Int] = [:]
    for node in order[firstNode(endingBehind: run.lowerBound)...] {
      let rows = nodes[node].rows.clamped(to: run)
      if rows.isEmpty { break }
      let from = nodes[node].positions.lowerBound + rows.lowerBound - nodes[node].row
      found[node] = pieces.count
      pieces.append(
        Piece(
          text: nodes[node].text, positions: from..<from + rows.count,
          parent: rows.lowerBound > nodes[node].row ? nil : nodes[node].parent.flatMap { found[$0] }))
    }
    return pieces
  }

  /// The path to a row: its ancestors among a run of rows before it, ascending, and how many positions come before those.
  public func path(to row: Int, within run: Range<Int>) -> (depth: Int, rows: [Range<Int>]) {
    guard row < rowCount else { return (0, []) }
    var index = order[firstNode(endingBehind: row)]
    var rows: [Range<Int>] = []
    var depth = nodes[index].positions.lowerBound + row - nodes[index].row
    while true {
      let own = nodes[index].rows.clamped(to: 0..<row)
      let here = own.clamped(to: run)
      if !here.isEmpty {
        rows.append(here)
        depth = nodes[index].positions.lowerBound + here.lowerBound - nodes[index].row
      }
      guard let parent = nodes[index].parent, nodes[index].row >= run.lowerBound else { break }
      index = parent
    }
    return (depth, rows.reversed())
  }

  /// The first place in `order` of a node with rows behind this one, or with it.
  private func firstNode(endingBehind row: Int) -> Int {
    var (low, high) = (0, order.count)
    while low < high {
      let middle = (low + high) / 2
      if nodes[order[middle]].rows.upperBound > row { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
