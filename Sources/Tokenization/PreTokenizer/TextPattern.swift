/// What Split and Replace look for.
enum TextPattern: Sendable, Equatable {
  case literal(ByteSearch)
  case regex(Pattern)

  static func literal(_ bytes: [UInt8]) -> TextPattern { .literal(ByteSearch(bytes)) }

  /// The matches in a part of a text, in order, not overlapping.
  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    switch self {
    case .literal(let search): return search.matches(in: bytes, range)
    case .regex(let pattern): return pattern.matches(in: bytes, range)
    }
  }
}
