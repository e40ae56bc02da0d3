import JSON

/// Byte-pair encoding: characters (or bytes) merged by rank, lowest first and leftmost first, until no merge applies.
///
/// Reference: tokenizers' `models/bpe/{model,word}.rs`; Sennrich et al. 2016, section 3.2.
struct BPE: Sendable {
  let vocabulary: Vocabulary
  let merges: MergeTable
  /// A piece that is a token as a whole is that token, whatever the merges say.
  let ignoreMerges: Bool
  /// The token of characters that the vocabulary lacks; without one they vanish.
  let unknown: TokenID?
  /// Neighbouring unknown characters become one unknown token.
  let fuseUnknown: Bool
  /// The tokens `<0x00>` to `<0xFF>`, which spell characters that the vocabulary lacks; -1 where one is missing.
  let fallback: [TokenID]?
  /// For pieces in the byte alphabet, the token of each byte; -1 where it is missing.
  let bytes: [TokenID]?

  init(_ reader: StageReader, spelledBytes: Bool) throws(TokenizerError) {
    try Self.refuseUnsupported(reader)
    ignoreMerges = try reader.bool("ignore_merges", default: false)
    fuseUnknown = try reader.bool("fuse_unk", default: false)

    let vocabulary = try Vocabulary(reader.child("vocab").reader.object, source: reader.source)
    self.vocabulary = vocabulary

    if let token = try reader.string(ifPresent: "unk_token") {
      guard let id = vocabulary.id(of: token.utf8) else {
        throw .tokenNotInVocabulary(token: token, namedBy: "unk_token", source: reader.source)
      }
      unknown = id
    } else {
      unknown = nil
    }
    fallback =
      try reader.bool("byte_fallback", default: false)
      ? (0..<256).map { vocabulary.id(of: ByteFallbackName.of(UInt8($0))) ?? -1 } : nil
    bytes =
      spelledBytes
      ? (0..<256).map { vocabulary.id(of: ByteAlphabet.spelling(of: CollectionOfOne(UInt8($0)))) ?? -1 } : nil
    merges = try Self.readMerges(reader, vocabulary)
  }

  private static func refuseUnsupported(_ reader: StageReader) throws(TokenizerError) {
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let value = try reader.string(ifPresent: key), !value.isEmpty {
        throw reader.unsupported(key, "'\(value)'", supported: "null or ''")
      }
    }
    if let dropout = reader.reader.object["dropout"]?.double, dropout != 0 {
      throw reader.unsupported("dropout", "\(dropout)", supported: "null or 0, for ids must not be drawn at random")
    }
  }

  private static func readMerges(
    _ reader: StageReader, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> MergeTable {
    let list = try reader.array("merges")
    var merges = MergeTable(capacity: list.count)
    for (rank, value) in list.enumerated() {
      guard let (left, right) = pair(value) else {
        throw .malformedMerge(index: rank, merge: value.text, source: reader.source)
      }
      func id(_ token: [UInt8]) throws(TokenizerError) -> TokenID {
        guard let id = vocabulary.id(of: token) else {
          throw .tokenNotInVocabulary(token: UTF8Text.string(token), namedBy: "merge \(rank)", source: reader.source)
        }
        return id
      }
      merges.insert(try id(left), try id(right), .init(rank: Int32(rank), result: try id(left + right)))
    }
    return merges
  }

  /// `"left right"`, or `["left", "right"]` as newer files have it.
  private static func pair(_ value: JSONValue) -> (left: [UInt8], right: [UInt8])? {
    if let text = value.string {
      let parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
      return (Array(parts[0]), Array(parts[1]))
    }
    guard let pair = value.array, pair.count == 2, let left = pair[0].string, let right = pair[1].string,
      !left.isEmpty, !right.isEmpty
    else { return nil }
    return (Array(left.utf8), Array(right.utf8))
  }
}
