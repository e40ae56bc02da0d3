public import Tensors

extension PackedAttention {
  /// Rows of a tree of texts, each the next token of the one before.
  public struct Branch {
    /// The packed rows.
    public let rows: Range<Int>
    /// Tokens of the text before the first of them.
    public let start: Int
    /// The branch from whose last row they go on; `nil` for the beginning of a text, and for what goes on from the path.
    public let parent: Int?

    /// A branch; its parent comes before it.
    public init(rows: Range<Int>, start: Int, parent: Int?) {
      self.rows = rows
      self.start = start
      self.parent = parent
    }
  }

  /// Attends in a tree of texts: a row sees its ancestors, in the batch and on the path, and itself.
  ///
  /// - Parameters:
  ///   - q: `[rows, heads, headDim]`; `k`, `v`: `[rows, kvHeads, headDim]`, rotated already.
  ///   - branches: the rows of the batch, in order, without gaps.
  ///   - path: from what branches without a parent go on, as far as their `start`; at the end it takes its step.
  ///   - prefixes: what each branch sees before its text; empty for nothing.
  /// - Returns: `[rows, heads, headDim]`, before the output projection.
  public func callAsFunction(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, branches: [Branch], path: PathStore, prefixes: [Prefix?] = []
  ) throws(TensorError) -> Tensor {
    let z =
      try isPlain(branches, prefixes)
      ? together(q, k, v, branches, path)
      : oneByOne(q, k, v, branches, path, prefixes)
    let root = branches.firstIndex { $0.rows.lowerBound == path.step.rows.first?.lowerBound }
    try path.advance(keys: k, values: v, behind: root.flatMap { prefixes.isEmpty ? nil : prefixes[$0]?.rows })
    return z
  }

  /// Whether a row sees all of its ancestors, by scores that are products alone.
  private func isPlain(_ branches: [Branch], _ prefixes: [Prefix?]) -> Bool {
    if softcap != nil || !prefixes.allSatisfy({ $0 == nil }) { return false }
    guard case .window(let width) = reach else { return reach == .past }
    return branches.allSatisfy { $0.start + $0.rows.count <= width }
  }

  /// All branches in one call.
  private func together(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ branches: [Branch], _ path: PathStore
  ) throws(TensorError) -> Tensor {
    try Tensor.packedAttention(
      query: q, key: k, value: v, path: path.all,
      sequences: branches.map {
        Tensor.Rows(own: $0.rows, parent: $0.parent, pathRows: $0.parent == nil ? $0.start : 0)
      }, causal: true, scale: scale)
  }

  /// Every branch as the end of a text of its own.
  private func oneByOne(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ branches: [Branch], _ path: PathStore, _ prefixes: [Prefix?]
  ) throws(TensorError) -> Tensor {
    var parts: [Tensor] = []
    parts.reserveCapacity(branches.count)
    var lines: [Line] = []
    for (i, branch) in branches.enumerated() {
      let line = branch.parent.map { lines[$0].followed(by: branch.rows) } ?? Line(first: i, rows: [branch.rows])
      lines.append(line)
      let before = try rows(before: branches[line.first], path, prefixes.isEmpty ? nil : prefixes[line.first])
      let key = try joined(before?.keys, k, line.rows).transposed(0, 1).unsqueezed(0)
      let value = try joined(before?.values, v, line.rows).transposed(0, 1).unsqueezed(0)
      let query = try q.narrowed(0, branch.rows).transposed(0, 1).unsqueezed(0)
      let prefix = prefixes.isEmpty ? nil : prefixes[i]
      parts.append(
        try attend(query, key, value, boost(prefix, columns: prefix?.length ?? 0)).squeezed(0).transposed(0, 1))
    }
    return try Tensor.concatenated(parts, along: 0)
  }

  /// What a branch without a parent sees before itself.
  private func rows(
    before branch: Branch, _ path: PathStore, _ prefix: Prefix?
  ) throws(TensorError) -> (keys: Tensor, values: Tensor)? {
    branch.start > 0 ? try path.first(branch.start) : prefix?.rows
  }

  private func joined(_ before: Tensor?, _ x: Tensor, _ rows: [Range<Int>]) throws(TensorError) -> Tensor {
    var parts = before.map { [$0] } ?? []
    for rows in rows { parts.append(try x.narrowed(0, rows)) }
    return parts.count == 1 ? parts[0] : try Tensor.concatenated(parts, along: 0)
  }
}

/// A text in a batch: its first branch there, and its rows from there on.
private struct Line {
  let first: Int
  var rows: [Range<Int>]

  func followed(by next: Range<Int>) -> Line {
    var line = self
    if let last = rows.last, last.upperBound == next.lowerBound {
      line.rows[rows.count - 1] = last.lowerBound..<next.upperBound
    } else {
      line.rows.append(next)
    }
    return line
  }
}
