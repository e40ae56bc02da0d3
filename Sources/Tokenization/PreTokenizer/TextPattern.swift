/// What Split and Replace look for.
enum TextPattern: Sendable, Equatable {
  case literal([UInt8])
  case regex(Pattern)

  /// The matches in a part of a text, in order, not overlapping.
  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    switch self {
    case .literal(let needle):
      guard let first = needle.first, needle.count <= range.count else { return [] }
      var matches: [Range<Int>] = []
      var i = range.lowerBound
      while i + needle.count <= range.upperBound {
        if bytes[i] == first, bytes[i..<i + needle.count].elementsEqual(needle) {
          matches.append(i..<i + needle.count)
          i += needle.count
        } else {
          i += 1
        }
      }
      return matches
    case .regex(let pattern): return pattern.matches(in: bytes, range)
    }
  }
}

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
