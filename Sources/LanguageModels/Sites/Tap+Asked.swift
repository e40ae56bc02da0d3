import Tensors

extension Tap {
  /// The same edits where one layer computes nothing but these rows behind its attention heads.
  ///
  /// `nil` where an edit there looks beyond its row, or has none of its rows left: what is trained must not lose its gradient of
  /// zero, by which optimisers tell it from what is not trained.
  func narrowed(to rows: [Int], in layer: Int) throws(TensorError) -> Tap? {
    let places = Dictionary(uniqueKeysWithValues: zip(rows, 0...))
    var narrowed: [Site: [Placed]] = [:]
    for (site, placed) in edits where site.layer == layer && site.component > .headOutput {
      narrowed[site] = []
      for entry in placed {
        guard entry.edit.isRowwise, let entry = try entry.narrowed(to: places) else { return nil }
        narrowed[site]?.append(entry)
      }
    }
    return replacing(narrowed)
  }
}

extension Tap.Placed {
  /// The edit among rows that got new places; `nil` where none of its rows is left.
  fileprivate func narrowed(to places: [Int: Int]) throws(TensorError) -> Self? {
    let replaced = try kept?.values(as: Int64.self).map(Int.init)
    switch rows {
    case .all:
      guard let kept, let replaced else { return self }
      let left = replaced.compactMap { places[$0] }
      return left.isEmpty ? nil : Self(edit, on: .all, keeping: try Tensor(left.map(Int64.init), on: kept.device))
    case .some(let seen):
      let keeps = replaced.map { Set($0) }
      var (index, keeping): ([Int64], [Int64]) = ([], [])
      for (place, row) in try seen.values(as: Int64.self).enumerated() {
        guard let new = places[Int(row)] else { continue }
        if keeps?.contains(place) ?? false { keeping.append(Int64(index.count)) }
        index.append(Int64(new))
      }
      if index.isEmpty || keeps != nil && keeping.isEmpty { return nil }
      return Self(
        edit, on: .some(try Tensor(index, on: seen.device)),
        keeping: keeps == nil ? nil : try Tensor(keeping, on: seen.device))
    }
  }
}
