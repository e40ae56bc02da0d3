import JSON

/// The stage that puts one or two texts together, adds special tokens and trims offsets.
enum PostProcessor: Sendable {
  case byteLevel(OffsetTrimming)
  case template(TokenTemplate)
  case sequence([PostProcessor])

  static let supported = ["BertProcessing", "ByteLevel", "RobertaProcessing", "TemplateProcessing", "Sequence"]

  /// - Parameter idLimit: one more than the largest id of the tokenizer.
  init(_ reader: StageReader, idLimit: Int) throws(TokenizerError) {
    switch try reader.type() {
    case "BertProcessing": self = .template(try TokenTemplate(bert: reader, idLimit: idLimit))
    case "ByteLevel": self = .byteLevel(try OffsetTrimming(reader))
    case "RobertaProcessing":
      self = .sequence([
        .byteLevel(try OffsetTrimming(reader)), .template(try TokenTemplate(roberta: reader, idLimit: idLimit)),
      ])
    case "TemplateProcessing": self = .template(try TokenTemplate(reader, idLimit: idLimit))
    case "Sequence":
      let parts = try reader.parts("processors") { part throws(TokenizerError) in
        try PostProcessor(part, idLimit: idLimit)
      }
      guard parts.count(where: \.isTemplate) < 2 else {
        throw reader.unsupported("processors", "two templates", supported: "one template at most")
      }
      self = .sequence(parts)
    case let type: throw reader.unknown(type, supported: Self.supported)
    }
  }

  /// Whether this puts the texts together.
  private var isTemplate: Bool {
    switch self {
    case .template: true
    case .sequence(let parts): parts.contains(where: \.isTemplate)
    case .byteLevel: false
    }
  }

  /// Whether a pair of texts can be put together; without a template it always can.
  var takesPairs: Bool {
    switch self {
    case .template(let template): template.takesPairs
    case .sequence(let parts): parts.allSatisfy(\.takesPairs)
    case .byteLevel: true
    }
  }

  /// - Parameters:
  ///   - parts: one or two texts, each encoded; afterwards what is to be put end to end.
  ///   - texts: the input that each part's offsets are in.
  ///   - spaces: how many white characters a token has at its two ends.
  func apply(
    to parts: inout [EncodedPart], of texts: [[UInt8]], addSpecialTokens: Bool,
    spaces: (TokenID, ArraySlice<UInt8>) -> (leading: Int, trailing: Int)
  ) {
    switch self {
    case .byteLevel(let trimming):
      for i in parts.indices {
        guard let text = parts[i].text else { continue }
        trimming.apply(to: &parts[i].encoding, of: texts[text], spaces: spaces)
      }
    case .template(let template): parts = template.applied(to: parts, addSpecialTokens: addSpecialTokens)
    case .sequence(let stages):
      for stage in stages {
        stage.apply(to: &parts, of: texts, addSpecialTokens: addSpecialTokens, spaces: spaces)
      }
    }
  }
}
