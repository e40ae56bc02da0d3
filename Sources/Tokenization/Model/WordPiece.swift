import JSON

/// WordPiece: the longest token that a word begins with, then the longest that the rest does, marked as a continuation (`##`).
///
/// Reference: tokenizers' `models/wordpiece/mod.rs`.
struct WordPiece: Sendable {
  let vocabulary: Vocabulary
  /// The token of words that cannot be put together.
  private let unknown: TokenID
  /// Words of more characters are unknown.
  private let longestWord: Int
  private let beginnings: TokenTrie
  /// The continuations without their mark.
  private let continuations: TokenTrie

  init(_ reader: StageReader) throws(TokenizerError) {
    let entries = try reader.child("vocab").reader.object
    let vocabulary = try Vocabulary(entries, source: reader.source)
    let name = try reader.string("unk_token")
    guard let unknown = vocabulary.id(of: name.utf8) else {
      throw .tokenNotInVocabulary(token: name, namedBy: "unk_token", source: reader.source)
    }
    self.unknown = unknown
    longestWord = try reader.int("max_input_chars_per_word", default: 100)
    let mark = Array(try reader.string(ifPresent: "continuing_subword_prefix")?.utf8 ?? "##".utf8)
    let tokens: [(token: ArraySlice<UInt8>, id: TokenID)] = (0..<vocabulary.idLimit).compactMap { id in
      vocabulary.token(of: TokenID(id)).map { ($0, TokenID(id)) }
    }
    beginnings = TokenTrie(tokens)
    continuations = TokenTrie(
      tokens.filter { $0.token.starts(with: mark) }.map { ($0.token.dropFirst(mark.count), $0.id) })
    self.vocabulary = vocabulary
  }

  /// Appends the tokens of a word, from the cache if it was seen before.
  @inline(__always)
  func tokenize(_ word: UnsafeBufferPointer<UInt8>, workspace: inout ModelWorkspace, _ symbols: inout [Symbol]) {
    if workspace.words.append(word, to: &symbols) { return }
    let start = symbols.count
    if !cut(word, &symbols) {
      symbols.removeSubrange(start...)
      symbols.append(Symbol(id: unknown, length: Int32(word.count)))
    }
    workspace.words.keep(word, symbols[start...])
  }

  /// Whether the word could be put together from tokens, which are then appended.
  private func cut(_ word: UnsafeBufferPointer<UInt8>, _ symbols: inout [Symbol]) -> Bool {
    guard word.count <= longestWord || UTF8Text.count(of: word) <= longestWord else { return false }
    var start = 0
    while start < word.count {
      var longest: (id: TokenID, end: Int)?
      (start == 0 ? beginnings : continuations).forEachPrefix(of: word, from: start) { longest = ($0, $1) }
      guard let (id, end) = longest else { return false }
      symbols.append(Symbol(id: id, length: Int32(end - start)))
      start = end
    }
    return true
  }
}
