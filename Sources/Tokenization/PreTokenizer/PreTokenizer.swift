import JSON

/// The stage that cuts a text into the pieces that the model sees one by one.
enum PreTokenizer: Sendable {
  case byteLevel(ByteLevel)
  case digits(individual: Bool)
  case split(TextPattern, SplitBehavior, invert: Bool)
  case metaspace(Metaspace)
  case words(WordCutting)
  case delimiter(TextPattern)
  case sequence([PreTokenizer])

  static let supported = [
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Split", "Whitespace",
    "WhitespaceSplit", "Sequence",
  ]

  init(_ reader: StageReader) throws(TokenizerError) {
    switch try reader.type() {
    case "ByteLevel": self = .byteLevel(try ByteLevel(reader))
    case "Digits": self = .digits(individual: try reader.bool("individual_digits", default: false))
    case "BertPreTokenizer": self = .words(.bert)
    case "Whitespace": self = .words(.words)
    case "WhitespaceSplit": self = .words(.whiteSpace)
    case "Punctuation": self = .words(.punctuation(try reader.behavior(default: .isolated)))
    case "CharDelimiterSplit":
      let delimiter = try reader.string("delimiter")
      guard delimiter.unicodeScalars.count == 1 else {
        throw reader.unsupported("delimiter", "'\(delimiter)'", supported: "one character")
      }
      self = .delimiter(.literal(Array(delimiter.utf8)))
    case "Split":
      self = .split(try reader.pattern(), try reader.behavior(), invert: try reader.bool("invert", default: false))
    case "Metaspace": self = .metaspace(try Metaspace(reader))
    case "Sequence":
      let parts = try reader.parts("pretokenizers") { part throws(TokenizerError) in try PreTokenizer(part) }
      if parts.dropLast().contains(where: \.spellsBytes) {
        throw reader.unsupported("pretokenizers", "ByteLevel before others", supported: "ByteLevel as the last of them")
      }
      self = .sequence(parts)
    case let type: throw reader.unknown(type, supported: Self.supported)
    }
  }

  /// Whether the model is given bytes spelled in `ByteAlphabet`. The spelling is never written out: the model reads the
  /// bytes themselves through a table of 256 entries.
  var spellsBytes: Bool {
    switch self {
    case .byteLevel: true
    case .sequence(let parts): parts.contains(where: \.spellsBytes)
    case .digits, .split, .metaspace, .words, .delimiter: false
    }
  }

  /// Cuts the pieces of a text further; some kinds change the text too.
  func apply(to text: inout AlignedText, pieces: inout [Range<Int>]) {
    switch self {
    case .byteLevel(let byteLevel): byteLevel.apply(to: &text, pieces: &pieces)
    case .digits(let individual):
      let behavior = individual ? SplitBehavior.isolated : .contiguous
      pieces = pieces.flatMap { behavior.pieces(of: $0, separators: Self.digits(in: text.bytes, $0)) }
    case .split(let pattern, let behavior, let invert):
      pieces = pieces.flatMap {
        behavior.pieces(of: $0, separators: pattern.matches(in: text.bytes, $0), invert: invert)
      }
    case .metaspace(let metaspace): metaspace.apply(to: &text, pieces: &pieces)
    case .words(let cutting):
      var words: [Range<Int>] = []
      for piece in pieces { cutting.cut(text.bytes, piece, &words) }
      pieces = words
    case .delimiter(let delimiter):
      pieces = pieces.flatMap {
        SplitBehavior.removed.pieces(
          of: $0, separators: delimiter.matches(in: text.bytes, $0))
      }
    case .sequence(let parts):
      for part in parts { part.apply(to: &text, pieces: &pieces) }
    }
  }

  /// Each numeric character, in the sense of Rust's `char::is_numeric` (½, ² and ٣ are numeric too).
  private static func digits(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    ScalarCursor.with(bytes, range) { cursor in
      var digits: [Range<Int>] = []
      var position = range.lowerBound
      while position < range.upperBound {
        let (scalarClass, next) = cursor.scalar(at: position)
        if ScalarClasses.digits.contains(scalarClass) {
          digits.append(position..<next)
        }
        position = next
      }
      return digits
    }
  }
}

extension StageReader {
  /// What becomes of the separators; without a default the setting must be there.
  fileprivate func behavior(default value: SplitBehavior? = nil) throws(TokenizerError) -> SplitBehavior {
    if let value, try string(ifPresent: "behavior") == nil { return value }
    let name = try string("behavior")
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw unsupported(
        "behavior", "'\(name)'", supported: SplitBehavior.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return behavior
  }
}
