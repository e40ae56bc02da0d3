/// GPT-2's pre-tokenizer: words by its pattern, then bytes spelled in `ByteAlphabet`.
struct ByteLevel: Sendable {
  /// Put a space before a piece that does not begin with one.
  let addPrefixSpace: Bool
  /// GPT-2's; without it the bytes are spelled and nothing is cut.
  let pattern: Pattern?

  init(_ reader: StageReader) throws(TokenizerError) {
    addPrefixSpace = try reader.bool("add_prefix_space", default: true)
    pattern = try reader.bool("use_regex", default: true) ? Pattern(TokenizerPatterns.gpt2, source: reader.source) : nil
  }

  func apply(to text: inout AlignedText, pieces: inout [Range<Int>]) {
    if addPrefixSpace {
      text.prefix(&pieces, with: [UInt8(ascii: " ")]) { text, piece in text.bytes[piece.lowerBound] != UInt8(ascii: " ")
      }
    }
    if let pattern {
      let bytes = text.bytes
      if pieces.count == 1 {
        pieces = pattern.matches(in: bytes, pieces[0])
      } else {
        pieces = pieces.flatMap { pattern.matches(in: bytes, $0) }
      }
    }
  }
}

extension AlignedText {
  /// Puts a prefix before each piece that wants it, and moves the pieces accordingly.
  mutating func prefix(
    _ pieces: inout [Range<Int>], with prefix: [UInt8], where wants: (AlignedText, Range<Int>) -> Bool
  ) {
    guard pieces.contains(where: { !$0.isEmpty && wants(self, $0) }) else { return }
    var out = AlignedText()
    pieces = pieces.map { piece in
      let start = out.bytes.count
      if !piece.isEmpty, wants(self, piece) { out.append(prefix: prefix, before: piece, of: self) }
      out.append(self, piece)
      return start..<out.bytes.count
    }
    self = out
  }
}
