extension Tap {
  /// The same edits where one layer computes nothing but these rows behind its attention heads.
  ///
  /// `nil` where an edit there looks beyond its row, or has none of its rows left: what is trained must not lose its gradient of
  /// zero, by which optimisers tell it from what is not trained.
  func narrowed(to rows: [Int], in layer: Int) -> Tap? {
    let places = Dictionary(uniqueKeysWithValues: zip(rows, 0...))
    var narrowed: [Site: [Placed]] = [:]
    for (site, placed) in edits where site.layer == layer && site.component > .headOutput {
      narrowed[site] = []
      for entry in placed {
        guard entry.edit.isRowwise, let entry = entry.narrowed(to: places) else { return nil }
        narrowed[site]?.append(entry)
      }
    }
    return replacing(narrowed)
  }
}

extension Tap.Placed {
  /// The edit among rows that got new places; `nil` where none of its rows is left.
  fileprivate func narrowed(to places: [Int: Int]) -> Self? {
    switch rows {
    case .all:
      guard let kept else { return self }
      let left = kept.rows.compactMap { places[Int($0)] }
      return left.isEmpty ? nil : Self(edit, on: .all, keeping: kept.with(left.map(Int64.init)))
    case .some(let seen):
      let keeps = kept.map { Set($0.rows) }
      var (index, keeping): ([Int64], [Int64]) = ([], [])
      for (place, row) in seen.rows.enumerated() {
        guard let new = places[Int(row)] else { continue }
        if keeps?.contains(Int64(place)) ?? false { keeping.append(Int64(index.count)) }
        index.append(Int64(new))
      }
      if index.isEmpty || keeps != nil && keeping.isEmpty { return nil }
      return Self(edit, on: .some(seen.with(index)), keeping: keeps == nil ? nil : seen.with(keeping))
    }
  }
}
