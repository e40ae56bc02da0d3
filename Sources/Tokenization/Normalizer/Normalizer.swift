import JSON

/// The stage that rewrites a text before it is cut.
enum Normalizer: Sendable {
  case prepend([UInt8])
  case replace(TextPattern, [UInt8])
  case sequence([Normalizer])

  static let supported = ["Prepend", "Replace", "Sequence"]

  init(_ reader: StageReader) throws(TokenizerError) {
    switch try reader.type() {
    case "Prepend": self = .prepend(Array(try reader.string("prepend").utf8))
    case "Replace": self = .replace(try reader.pattern(), Array(try reader.string("content").utf8))
    case "Sequence":
      self = .sequence(try reader.parts("normalizers") { part throws(TokenizerError) in try Normalizer(part) })
    case let type: throw reader.unknown(type, supported: Self.supported)
    }
  }

  func apply(to text: inout AlignedText) {
    switch self {
    case .prepend(let prefix):
      var out = AlignedText()
      out.append(prefix: prefix, before: text.all, of: text)
      out.append(text, text.all)
      text = out
    case .replace(let pattern, let content):
      var out = AlignedText()
      out.append(text, text.all, replacing: pattern, with: content)
      text = out
    case .sequence(let parts):
      for part in parts { part.apply(to: &text) }
    }
  }
}
