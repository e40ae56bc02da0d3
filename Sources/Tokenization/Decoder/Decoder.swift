import JSON

/// The stage that makes text of tokens again.
enum Decoder: Sendable {
  case byteLevel
  case byteFallback
  case fuse
  case metaspace(Metaspace)
  case replace(TextPattern, [UInt8])
  case strip(content: [UInt8], start: Int, stop: Int)
  case wordPiece(WordPieceDecoding)
  case sequence([Decoder])

  static let supported = [
    "ByteLevel", "ByteFallback", "Fuse", "Metaspace", "Replace", "Strip", "WordPiece", "Sequence",
  ]

  init(_ reader: StageReader) throws(TokenizerError) {
    switch try reader.type() {
    case "ByteLevel": self = .byteLevel
    case "ByteFallback": self = .byteFallback
    case "Fuse": self = .fuse
    case "Metaspace": self = .metaspace(try Metaspace(reader))
    case "Replace": self = .replace(try reader.pattern(), Array(try reader.string("content").utf8))
    case "Strip":
      let content = try reader.string("content")
      guard content.unicodeScalars.count == 1 else {
        throw reader.unsupported("content", "'\(content)'", supported: "one character")
      }
      self = .strip(
        content: Array(content.utf8), start: max(0, try reader.int("start", default: 0)),
        stop: max(0, try reader.int("stop", default: 0)))
    case "WordPiece":
      self = .wordPiece(
        WordPieceDecoding(
          mark: Array(try reader.string(ifPresent: "prefix")?.utf8 ?? "##".utf8),
          cleansUp: try reader.bool("cleanup", default: true)))
    case "Sequence":
      let parts = try reader.parts("decoders") { part throws(TokenizerError) in try Decoder(part) }
      try Self.checkOrder(parts, reader)
      self = .sequence(parts)
    case let type: throw reader.unknown(type, supported: Self.supported)
    }
  }

  /// After Fuse there are no tokens any more: only stages that make sense on one running text may follow.
  private static func checkOrder(_ parts: [Decoder], _ reader: StageReader) throws(TokenizerError) {
    var fused = false
    for part in parts {
      switch part {
      case .fuse: fused = true
      case .replace, .strip: break
      case .byteLevel, .byteFallback, .metaspace, .wordPiece, .sequence:
        if fused {
          throw reader.unsupported(
            "decoders", "a stage on tokens after Fuse", supported: "Replace and Strip after Fuse")
        }
      }
    }
  }

  /// Fresh stages for one text.
  func stages(fused: Bool = false) -> [any DecoderStage] {
    switch self {
    case .byteLevel: return [ByteLevelDecoding()]
    case .byteFallback: return [ByteFallbackDecoding()]
    case .fuse: return []
    case .metaspace(let metaspace): return [MetaspaceDecoding(metaspace: metaspace)]
    case .wordPiece(let decoding): return [decoding]
    case .replace(let pattern, let content):
      return [ReplaceDecoding(pattern: pattern, content: content, fused: fused)]
    case .strip(let content, let start, let stop):
      return [fused ? FusedStripping(content, start, stop) : TokenStripping(content: content, start: start, stop: stop)]
    case .sequence(let parts):
      var stages: [any DecoderStage] = []
      var fused = fused
      for part in parts {
        stages += part.stages(fused: fused)
        if case .fuse = part { fused = true }
      }
      return stages
    }
  }
}

/// One decoder at work on one text. Whole texts and streams go through the same code, so that a stream can say nothing else
/// than the whole.
protocol DecoderStage: Sendable {
  /// Takes the next token (after Fuse: the next part of the text), as UTF-8, and gives what can be said for sure.
  mutating func push(_ token: [UInt8]) -> [[UInt8]]
  /// Gives what was held back.
  mutating func finish() -> [[UInt8]]
}
