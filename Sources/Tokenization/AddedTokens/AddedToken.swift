/// A token that is found in the text before the model sees it.
struct AddedToken: Sendable, Equatable {
  var id: TokenID
  /// UTF-8 of its text.
  var content: [UInt8]
  /// Left out by `decode(_:skipSpecialTokens: true)`.
  var special: Bool
  /// Looked for in the normalized text rather than in the text as it is.
  var normalized: Bool
  /// Takes the white space on its left, or right, with it.
  var lstrip: Bool
  var rstrip: Bool
  /// Only found where no letter or digit touches it.
  var singleWord: Bool

  /// - Parameters:
  ///   - index: its place among the added tokens.
  ///   - idLimit: what its id must be below.
  init(_ reader: StageReader, index: Int, idLimit: Int) throws(TokenizerError) {
    let id = try reader.int("id")
    guard id >= 0, id < idLimit else {
      throw .idOutOfRange(name: "'id'", id: id, limit: idLimit, source: reader.source)
    }
    self.id = TokenID(id)
    content = Array(try reader.string("content").utf8)
    guard !content.isEmpty else { throw .emptyAddedToken(index: index, source: reader.source) }
    special = try reader.bool("special", default: false)
    normalized = try reader.bool("normalized", default: !special)
    lstrip = try reader.bool("lstrip", default: false)
    rstrip = try reader.bool("rstrip", default: false)
    singleWord = try reader.bool("single_word", default: false)
  }
}
