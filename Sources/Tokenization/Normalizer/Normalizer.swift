import JSON

/// The stage that rewrites a text before it is cut.
enum Normalizer: Sendable {
  case bert(BertNormalizer)
  case byteLevel
  case charsMap(CharsMap)
  case form(NormalForm)
  case lowercase
  case nmt
  case prepend([UInt8])
  case replace(TextPattern, [UInt8])
  case strip(left: Bool, right: Bool)
  case stripAccents
  case sequence([Normalizer])

  static let supported = [
    "BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend",
    "Replace",
    "Strip", "StripAccents", "Sequence",
  ]

  init(_ reader: StageReader) throws(TokenizerError) {
    switch try reader.type() {
    case "BertNormalizer": self = .bert(try BertNormalizer(reader))
    case "ByteLevel": self = .byteLevel
    case "Lowercase": self = .lowercase
    case "NFC": self = .form(.nfc)
    case "NFD": self = .form(.nfd)
    case "NFKC": self = .form(.nfkc)
    case "NFKD": self = .form(.nfkd)
    case "Nmt": self = .nmt
    case "Precompiled": self = .charsMap(try CharsMap(reader))
    case "Prepend": self = .prepend(Array(try reader.string("prepend").utf8))
    case "Replace": self = .replace(try reader.pattern(), Array(try reader.string("content").utf8))
    case "Strip":
      self = .strip(
        left: try reader.bool("strip_left", default: true), right: try reader.bool("strip_right", default: true))
    case "StripAccents": self = .stripAccents
    case "Sequence":
      self = .sequence(try reader.parts("normalizers") { part throws(TokenizerError) in try Normalizer(part) })
    case let type: throw reader.unknown(type, supported: Self.supported)
    }
  }

  func apply(to text: inout AlignedText) {
    switch self {
    case .bert(let bert): bert.apply(to: &text)
    case .byteLevel: text.spellBytes()
    case .charsMap(let map): map.apply(to: &text)
    case .form(let form): form.apply(to: &text)
    case .lowercase: text.lowercase()
    case .nmt: text.cleanForTranslation()
    case .prepend(let prefix):
      var out = AlignedText()
      out.append(prefix: prefix, before: text.all, of: text)
      out.append(text, text.all)
      text = out
    case .replace(let pattern, let content):
      var out = AlignedText()
      out.append(text, text.all, replacing: pattern, with: content)
      text = out
    case .strip(let left, let right): text.strip(left: left, right: right)
    case .stripAccents: text.mapScalars { ScalarTraits.of($0).contains(.combiningMark) ? nil : $0 }
    case .sequence(let parts):
      for part in parts { part.apply(to: &text) }
    }
  }
}
