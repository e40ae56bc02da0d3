/// The pre-tokenizers that cut by what the characters are: words, white space, punctuation.
enum WordCutting: Sendable {
  /// White space away, punctuation marks each by themselves.
  case bert
  /// Words and runs of what is neither word nor white space: `\w+|[^\w\s]+`.
  case words
  /// White space away.
  case whiteSpace
  case punctuation(SplitBehavior)

  /// Appends the pieces of a part of a text.
  func cut(_ bytes: [UInt8], _ range: Range<Int>, _ pieces: inout [Range<Int>]) {
    switch self {
    case .bert:
      cut(bytes, range, &pieces) { traits in
        traits.contains(.whiteSpace) ? .away : traits.contains(.punctuation) ? .alone : .together(0)
      }
    case .words:
      cut(bytes, range, &pieces) { traits in
        traits.contains(.word) ? .together(0) : traits.contains(.whiteSpace) ? .away : .together(1)
      }
    case .whiteSpace:
      cut(bytes, range, &pieces) { $0.contains(.whiteSpace) ? .away : .together(0) }
    case .punctuation(let behavior):
      var marks: [Range<Int>] = []
      cut(bytes, range, &marks) { $0.contains(.punctuation) ? .alone : .away }
      pieces += behavior.pieces(of: range, separators: marks)
    }
  }

  private enum Fate: Equatable {
    case away
    case alone
    /// With its neighbours of the same kind.
    case together(UInt8)
  }

  @inline(__always)
  private func cut(
    _ bytes: [UInt8], _ range: Range<Int>, _ pieces: inout [Range<Int>], _ fate: (ScalarTraits) -> Fate
  ) {
    bytes.withUnsafeBufferPointer { bytes in
      ScalarTraits.table.withUnsafeBufferPointer { table in
        var kind = Fate.away
        var start = range.lowerBound
        var position = range.lowerBound
        while position < range.upperBound {
          let place = position
          let scalar = UTF8Text.next(in: bytes, &position)
          let next = fate(ScalarTraits(rawValue: scalar < 0x110000 ? table[Int(scalar)] : 0))
          if next == kind, next != .alone { continue }
          if kind != .away { pieces.append(start..<place) }
          (kind, start) = (next, place)
        }
        if kind != .away, start < range.upperBound { pieces.append(start..<range.upperBound) }
      }
    }
  }
}
