/// SentencePiece's way with spaces: they become a visible character (`▁`), one is put before the text, and words begin there.
struct Metaspace: Sendable {
  enum PrependScheme: String, Sendable, CaseIterable {
    case always, first, never
  }

  /// UTF-8 of the character that stands for a space.
  let replacement: [UInt8]
  /// The same, to be looked for.
  let marks: TextPattern
  let scheme: PrependScheme
  /// Whether to cut before every replacement.
  let split: Bool

  private static let spaces = TextPattern.literal([UInt8(ascii: " ")])

  init(_ reader: StageReader) throws(TokenizerError) {
    replacement = Array(try reader.string("replacement").utf8)
    guard !replacement.isEmpty else { throw reader.unsupported("replacement", "''", supported: "one character") }
    marks = .literal(replacement)
    if let name = try reader.string(ifPresent: "prepend_scheme") {
      guard let scheme = PrependScheme(rawValue: name) else {
        throw reader.unsupported(
          "prepend_scheme", "'\(name)'", supported: PrependScheme.allCases.map(\.rawValue).joined(separator: ", "))
      }
      self.scheme = scheme
    } else {
      scheme = try reader.bool("add_prefix_space", default: true) ? .always : .never
    }
    split = try reader.bool("split", default: true)
  }

  func apply(to text: inout AlignedText, pieces: inout [Range<Int>]) {
    var out = AlignedText()
    pieces = pieces.map { piece in
      let start = out.bytes.count
      out.append(text, piece, replacing: Self.spaces, with: replacement)
      return start..<out.bytes.count
    }
    text = out
    text.prefix(&pieces, with: replacement) { text, piece in
      switch scheme {
      case .never: false
      case .always: !text.bytes[piece].starts(with: replacement)
      case .first: !text.bytes[piece].starts(with: replacement) && text.origin(of: piece).lowerBound == 0
      }
    }
    if split {
      let bytes = text.bytes
      pieces = pieces.flatMap {
        SplitBehavior.mergedWithNext.pieces(
          of: $0, separators: marks.matches(in: bytes, $0))
      }
    }
  }
}
