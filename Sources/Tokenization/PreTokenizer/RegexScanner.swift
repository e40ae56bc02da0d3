/// The regular expressions of known tokenizers, each with a scanner written by hand.
///
/// A general engine with Unicode classes and look-ahead would be slower and would have to agree with Oniguruma in every
/// corner; the world's tokenizers use a handful of patterns. A new one is a case, its text and its scanner.
enum RegexScanner: Sendable, CaseIterable {
  /// GPT-2 and all that follow it: contractions, then runs of letters, numbers, others with one space before, spaces.
  case gpt2
  /// Each number character by itself: the first of llama.cpp's two "smollm" patterns.
  case eachNumber
  /// Runs of number characters.
  case numbers
  /// Runs of white space.
  case spaces

  /// The pattern as tokenizer.json spells it.
  var pattern: String {
    switch self {
    case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .eachNumber: #"\p{N}"#
    case .numbers: #"\p{N}+"#
    case .spaces: #"\s+"#
    }
  }

  /// Other spellings of the same pattern.
  private var spellings: [String] {
    switch self {
    case .gpt2: [pattern, #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#]
    default: [pattern]
    }
  }

  init?(pattern: String) {
    guard let known = Self.allCases.first(where: { $0.spellings.contains(pattern) }) else { return nil }
    self = known
  }

  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    ScalarCursor.with(bytes, range) { cursor in
      switch self {
      case .gpt2:
        matches.reserveCapacity(range.count / 4)
        GPT2Scanner.scan(cursor, from: range.lowerBound, &matches)
      case .eachNumber: Self.runs(of: .number, single: true, cursor, range, &matches)
      case .numbers: Self.runs(of: .number, single: false, cursor, range, &matches)
      case .spaces: Self.runs(of: .space, single: false, cursor, range, &matches)
      }
    }
    return matches
  }

  private static func runs(
    of wanted: ScalarClass, single: Bool, _ cursor: ScalarCursor, _ range: Range<Int>, _ matches: inout [Range<Int>]
  ) {
    var position = range.lowerBound
    while position < range.upperBound {
      let (scalarClass, next) = cursor.scalar(at: position)
      guard scalarClass == wanted.rawValue else {
        position = next
        continue
      }
      let end = single ? next : cursor.run(from: next) { $0 == wanted.rawValue }
      matches.append(position..<end)
      position = end
    }
  }
}
