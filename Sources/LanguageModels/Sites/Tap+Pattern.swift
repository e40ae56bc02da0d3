extension Tap {
  /// Which rows the edits of each site change.
  ///
  /// Taps that one maker makes for batches whose sequences go the same routes do the same where their patterns are the same.
  public struct Pattern: Hashable {
    private struct Entry: Hashable {
      /// `nil` for every row.
      let rows: [Int64]?
      let kept: [Int64]?
    }
    private let sites: [Site: [Entry]]

    fileprivate init(_ edits: [Site: [Placed]]) {
      sites = edits.mapValues { placed in
        placed.map { entry in
          let rows: [Int64]? = if case .some(let index) = entry.rows { index.rows } else { nil }
          return Entry(rows: rows, kept: entry.kept?.rows)
        }
      }
    }

    /// Whether nothing is edited.
    public var isEmpty: Bool { sites.isEmpty }
  }

  /// The pattern of this tap.
  public var pattern: Pattern { Pattern(edits) }

  /// Whether all edits may be called again.
  public var isRepeatable: Bool { placedEdits.allSatisfy(\.edit.isRepeatable) }
}
