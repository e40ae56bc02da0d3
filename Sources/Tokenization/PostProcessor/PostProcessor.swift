import JSON

/// The stage that adds special tokens and trims offsets.
enum PostProcessor: Sendable {
  case byteLevel(OffsetTrimming)
  case template(TokenTemplate)
  case sequence([PostProcessor])

  static let supported = ["ByteLevel", "TemplateProcessing", "Sequence"]

  /// - Parameter idLimit: one more than the largest id of the tokenizer.
  init(_ reader: StageReader, idLimit: Int) throws(TokenizerError) {
    switch try reader.type() {
    case "ByteLevel":
      self = .byteLevel(
        OffsetTrimming(
          isOn: try reader.bool("trim_offsets", default: true),
          keepsFirstSpace: try reader.bool("add_prefix_space", default: true)))
    case "TemplateProcessing": self = .template(try TokenTemplate(reader, idLimit: idLimit))
    case "Sequence":
      self = .sequence(
        try reader.parts("processors") { part throws(TokenizerError) in try PostProcessor(part, idLimit: idLimit) })
    case let type: throw reader.unknown(type, supported: Self.supported)
    }
  }

  /// - Parameters:
  ///   - text: the input.
  ///   - spaces: how many white characters a token has at its two ends.
  func apply(
    to encoding: inout Encoding, of text: [UInt8], addSpecialTokens: Bool,
    spaces: (TokenID, Range<Int>) -> (leading: Int, trailing: Int)
  ) {
    switch self {
    case .byteLevel(let trimming): trimming.apply(to: &encoding, of: text, spaces: spaces)
    case .template(let template):
      if addSpecialTokens { template.apply(to: &encoding) }
    case .sequence(let parts):
      for part in parts { part.apply(to: &encoding, of: text, addSpecialTokens: addSpecialTokens, spaces: spaces) }
    }
  }
}

/// Takes the spaces at the ends of tokens out of their offsets.
///
/// Reference: `process_offsets` in tokenizers' `pre_tokenizers/byte_level.rs`.
struct OffsetTrimming: Sendable {
  let isOn: Bool
  /// One space before the first token was put there by the pre-tokenizer and has no place in the text.
  let keepsFirstSpace: Bool

  func apply(
    to encoding: inout Encoding, of text: [UInt8], spaces: (TokenID, Range<Int>) -> (leading: Int, trailing: Int)
  ) {
    guard isOn else { return }
    for i in encoding.ids.indices {
      let range = encoding.offsets[i]
      var (leading, trailing) = spaces(encoding.ids[i], range)
      if leading == 1, keepsFirstSpace, i == 0 || range.lowerBound == 0 { leading = 0 }
      var (start, end) = (range.lowerBound, range.upperBound)
      while leading > 0, start < end {
        _ = UTF8Text.next(in: text, &start)
        leading -= 1
      }
      while trailing > 0, start < end {
        end = UTF8Text.previous(in: text, before: end).start
        trailing -= 1
      }
      encoding.offsets[i] = start..<max(start, end)
    }
  }
}

/// Tokens put around the text: `<s> $A </s>`. Of the file's two templates the one for single texts is used.
struct TokenTemplate: Sendable {
  private let before: [TokenID]
  private let after: [TokenID]

  init(_ reader: StageReader, idLimit: Int) throws(TokenizerError) {
    let specials = try reader.child("special_tokens")
    var before: [TokenID] = []
    var after: [TokenID] = []
    var seenText = false
    for (i, value) in try reader.array("single").enumerated() {
      let piece = try StageReader(value, stage: "single[\(i)]", source: reader.source)
      if value["Sequence"] != nil {
        guard !seenText else { throw reader.unsupported("single", "the text twice", supported: "the text once") }
        seenText = true
        continue
      }
      let name = try piece.child("SpecialToken").string("id")
      for id in try Self.ids(of: name, in: specials, reader, idLimit) {
        if seenText { after.append(id) } else { before.append(id) }
      }
    }
    guard seenText else { throw reader.unsupported("single", "no text", supported: "the text once") }
    self.before = before
    self.after = after
  }

  private static func ids(
    of name: String, in specials: StageReader, _ reader: StageReader, _ idLimit: Int
  ) throws(TokenizerError) -> [TokenID] {
    guard specials.reader.object[name] != nil else {
      throw .tokenNotInVocabulary(token: name, namedBy: "the template", source: reader.source)
    }
    var ids: [TokenID] = []
    for value in try specials.child(name).array("ids") {
      guard let id = value.int else {
        throw .document(
          .type(key: "ids", expected: "token ids", got: value.kind, source: "\(reader.source), '\(name)'"))
      }
      guard id >= 0, id < idLimit else {
        throw .idOutOfRange(name: "the id of '\(name)'", id: id, limit: idLimit, source: reader.source)
      }
      ids.append(TokenID(id))
    }
    return ids
  }

  func apply(to encoding: inout Encoding) {
    encoding.ids = before + encoding.ids + after
    encoding.offsets =
      Array(repeating: 0..<0, count: before.count) + encoding.offsets + Array(repeating: 0..<0, count: after.count)
  }
}
