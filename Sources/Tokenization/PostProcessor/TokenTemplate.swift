import JSON

/// Texts and the tokens put around them: `[CLS] $A [SEP]` for one text, `[CLS] $A [SEP] $B [SEP]` for a pair.
///
/// Reference: tokenizers' `processors/template.rs`.
struct TokenTemplate: Sendable {
  enum Piece: Sendable {
    /// The first text (0) or the second (1), with its type id.
    case text(Int, type: Int32)
    case special([TokenID], type: Int32)

    var isText: Bool {
      switch self {
      case .text: true
      case .special: false
      }
    }
  }

  private let single: [Piece]
  /// `nil` where the file has no template that holds both texts.
  private let pair: [Piece]?

  /// Whether a pair of texts can be put together.
  var takesPairs: Bool { pair != nil }

  init(_ reader: StageReader, idLimit: Int) throws(TokenizerError) {
    single = try Self.pieces("single", texts: 1, reader, idLimit)
    // Tokenizers of decoders are often published with an empty one, or half of one.
    let pair = reader.reader.object["pair"] == nil ? [] : try Self.pieces("pair", texts: 2, reader, idLimit)
    self.pair = pair.count(where: \.isText) == 2 ? pair : nil
  }

  /// `BertProcessing`, which names its two tokens instead of writing the templates out.
  init(bert reader: StageReader, idLimit: Int) throws(TokenizerError) {
    let cls = [try Self.namedID("cls", reader, idLimit)]
    let sep = [try Self.namedID("sep", reader, idLimit)]
    single = [.special(cls, type: 0), .text(0, type: 0), .special(sep, type: 0)]
    pair = single + [.text(1, type: 1), .special(sep, type: 1)]
  }

  /// `RobertaProcessing`: two separators between the texts, and one type for all.
  init(roberta reader: StageReader, idLimit: Int) throws(TokenizerError) {
    let cls = [try Self.namedID("cls", reader, idLimit)]
    let sep = [try Self.namedID("sep", reader, idLimit)]
    single = [.special(cls, type: 0), .text(0, type: 0), .special(sep, type: 0)]
    pair = single + [.special(sep, type: 0), .text(1, type: 0), .special(sep, type: 0)]
  }

  /// The template under a key, with each of the first `texts` texts at most once; a single text must be there.
  private static func pieces(
    _ key: String, texts: Int, _ reader: StageReader, _ idLimit: Int
  ) throws(TokenizerError) -> [Piece] {
    let specials = try reader.child("special_tokens")
    var pieces: [Piece] = []
    var seen = [0, 0]
    for (i, value) in try reader.array(key).enumerated() {
      let piece = try StageReader(value, stage: "\(key)[\(i)]", source: reader.source)
      if value["Sequence"] != nil {
        let sequence = try piece.child("Sequence")
        let name = try sequence.string("id")
        guard let text = ["A": 0, "B": 1][name], text < texts else {
          throw reader.unsupported(key, "the text '\(name)'", supported: texts == 1 ? "A" : "A and B")
        }
        seen[text] += 1
        pieces.append(.text(text, type: try Self.typeID(sequence)))
      } else {
        let special = try piece.child("SpecialToken")
        let ids = try Self.ids(of: special.string("id"), in: specials, reader, idLimit)
        pieces.append(.special(ids, type: try Self.typeID(special)))
      }
    }
    if seen.contains(where: { $0 > 1 }) {
      throw reader.unsupported(key, "a text twice", supported: "each text once")
    }
    if texts == 1, seen[0] == 0 { throw reader.unsupported(key, "no text", supported: "the text once") }
    return pieces
  }

  private static func typeID(_ reader: StageReader) throws(TokenizerError) -> Int32 {
    let type = try reader.int("type_id", default: 0)
    guard let id = Int32(exactly: type), id >= 0 else {
      throw .idOutOfRange(name: "'type_id'", id: type, limit: Int(Int32.max) + 1, source: reader.source)
    }
    return id
  }

  private static func ids(
    of name: String, in specials: StageReader, _ reader: StageReader, _ idLimit: Int
  ) throws(TokenizerError) -> [TokenID] {
    guard specials.reader.object[name] != nil else {
      throw .tokenNotInVocabulary(token: name, namedBy: "the template", source: reader.source)
    }
    var ids: [TokenID] = []
    for value in try specials.child(name).array("ids") {
      ids.append(try id(value, key: "ids", of: name, reader, idLimit))
    }
    return ids
  }

  /// The id in `["[SEP]", 102]`.
  private static func namedID(
    _ key: String, _ reader: StageReader, _ idLimit: Int
  ) throws(TokenizerError) -> TokenID {
    let pair = try reader.array(key)
    guard pair.count == 2, let name = pair[0].string else {
      throw .document(
        .type(key: key, expected: "a token and its id", got: JSONValue.array(pair).text, source: reader.source))
    }
    return try id(pair[1], key: key, of: name, reader, idLimit)
  }

  private static func id(
    _ value: JSONValue, key: String, of name: String, _ reader: StageReader, _ idLimit: Int
  ) throws(TokenizerError) -> TokenID {
    guard let id = value.int else {
      throw .document(
        .type(key: key, expected: "token ids", got: value.kind, source: "\(reader.source), '\(name)'"))
    }
    guard id >= 0, id < idLimit else {
      throw .idOutOfRange(name: "the id of '\(name)'", id: id, limit: idLimit, source: reader.source)
    }
    return TokenID(id)
  }

  /// The parts in the order of the template for as many texts, with its type ids.
  ///
  /// Two parts where the template takes no pairs are left as they are: the caller has refused them.
  func applied(to parts: [EncodedPart], addSpecialTokens: Bool) -> [EncodedPart] {
    var out: [EncodedPart] = []
    guard let pieces = parts.count == 1 ? single : pair else { return parts }
    for piece in pieces {
      switch piece {
      case .text(let text, let type):
        var part = parts[text]
        part.encoding.typeIDs = Array(repeating: type, count: part.encoding.ids.count)
        out.append(part)
      case .special(let ids, let type):
        guard addSpecialTokens else { continue }
        let nowhere = Array(repeating: 0..<0, count: ids.count)
        let encoding = Encoding(ids: ids, offsets: nowhere, typeIDs: Array(repeating: type, count: ids.count))
        out.append(EncodedPart(encoding: encoding, text: nil))
      }
    }
    return out
  }
}
