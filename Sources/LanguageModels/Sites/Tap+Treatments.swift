extension Tap {
  /// What the edits do to each row of a batch, as a number: rows of one number are treated alike, in every layer.
  ///
  /// - Parameter batch: the batch that the tap was made for.
  public func treatments(of batch: TokenBatch) -> [Int32] {
    var treatments = Partition(count: batch.rowCount)
    for sequences in Dictionary(grouping: prefixes.keys, by: { prefixes[$0].map(ObjectIdentifier.init) }).values {
      treatments.split(sequences.flatMap { batch.rows[$0] })
    }
    // Edits share their rows as a rule, and rows that were told from others once need not be told again.
    var seen: Set<[ObjectIdentifier?]> = []
    for placed in placedEdits {
      let index: RowIndex? = if case .some(let index) = placed.rows { index } else { nil }
      guard seen.insert([index, placed.kept].map { $0.map(ObjectIdentifier.init) }).inserted else { continue }
      var rows = index?.rows
      if let kept = placed.kept?.rows { rows = kept.map { rows?[Int($0)] ?? $0 } }
      // Rows of soft prompts lie behind those of tokens.
      if let rows { treatments.split(rows.map { Int($0) }.filter { $0 < batch.rowCount }) }
    }
    return treatments.parts
  }
}

/// Rows in groups that become finer.
private struct Partition {
  /// The group of each row.
  private(set) var parts: [Int32]
  private var count: Int32 = 1

  init(count: Int) { parts = [Int32](repeating: 0, count: count) }

  /// Splits every group into those of its rows that are among these, and the others.
  mutating func split(_ rows: [Int]) {
    var halves: [Int32: Int32] = [:]
    for row in rows {
      if halves[parts[row]] == nil {
        halves[parts[row]] = count
        count += 1
      }
      parts[row] = halves[parts[row]] ?? 0
    }
  }
}
