/// Words from WordPiece: a continuation joins what is before it, any other token gets a space before it.
///
/// Reference: tokenizers' `decoders/wordpiece.rs`, which tidies each token by itself.
struct WordPieceDecoding: DecoderStage {
  /// What continuations begin with.
  private let mark: [UInt8]
  /// Takes away spaces before punctuation and in English contractions.
  private let cleansUp: Bool
  private var isFirst = true

  init(mark: [UInt8], cleansUp: Bool) {
    self.mark = mark
    self.cleansUp = cleansUp
  }

  private static let tidyings: [(TextPattern, [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (.literal(Array($0.utf8)), Array($1.utf8)) }

  mutating func push(_ token: [UInt8]) -> [[UInt8]] {
    var text = token
    if isFirst {
      isFirst = false
    } else if text.starts(with: mark) {
      text.removeFirst(mark.count)
    } else {
      text.insert(UInt8(ascii: " "), at: 0)
    }
    if cleansUp {
      for (pattern, replacement) in Self.tidyings { text = pattern.replacing(in: text, with: replacement) }
    }
    return [text]
  }

  func finish() -> [[UInt8]] { [] }
}
