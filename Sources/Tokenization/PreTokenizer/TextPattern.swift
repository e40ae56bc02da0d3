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
