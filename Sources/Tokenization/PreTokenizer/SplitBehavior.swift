/// What becomes of a separator when a text is split there (tokenizers' `SplitDelimiterBehavior`).
enum SplitBehavior: String, Sendable, CaseIterable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// The pieces of `range` between, or with, the separators.
  ///
  /// - Parameter invert: what lies between the separators counts as separator and the other way round.
  func pieces(of range: Range<Int>, separators: [Range<Int>], invert: Bool = false) -> [Range<Int>] {
    var spans: [(range: Range<Int>, isSeparator: Bool)] = []
    var last = range.lowerBound
    for separator in separators {
      if last < separator.lowerBound { spans.append((last..<separator.lowerBound, invert)) }
      spans.append((separator, !invert))
      last = separator.upperBound
    }
    if last < range.upperBound { spans.append((last..<range.upperBound, invert)) }

    var pieces: [Range<Int>] = []
    pieces.reserveCapacity(spans.count)
    var previousWasSeparator = false
    switch self {
    case .isolated:
      for span in spans { pieces.append(span.range) }
    case .removed:
      for span in spans where !span.isSeparator { pieces.append(span.range) }
    case .contiguous:
      for span in spans {
        if let previous = pieces.last, span.isSeparator == previousWasSeparator {
          pieces[pieces.count - 1] = previous.lowerBound..<span.range.upperBound
        } else {
          pieces.append(span.range)
        }
        previousWasSeparator = span.isSeparator
      }
    case .mergedWithPrevious:
      for span in spans {
        if let previous = pieces.last, span.isSeparator, !previousWasSeparator {
          pieces[pieces.count - 1] = previous.lowerBound..<span.range.upperBound
        } else {
          pieces.append(span.range)
        }
        previousWasSeparator = span.isSeparator
      }
    case .mergedWithNext:
      for span in spans.reversed() {
        if let next = pieces.last, span.isSeparator, !previousWasSeparator {
          pieces[pieces.count - 1] = span.range.lowerBound..<next.upperBound
        } else {
          pieces.append(span.range)
        }
        previousWasSeparator = span.isSeparator
      }
      pieces.reverse()
    }
    return pieces.filter { !$0.isEmpty }
  }
}
