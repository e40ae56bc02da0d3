import JSON

/// The added tokens of a tokenizer, and where each is looked for.
struct AddedVocabulary: Sendable {
  let tokens: [AddedToken]
  /// Looked for in the text as it is.
  let plain: AddedTokenFinder
  /// Looked for in the normalized text.
  let normalized: AddedTokenFinder
  /// For each id the number of the added token in `tokens`; -1 for the model's own. A table, for it is read once a token.
  private let byID: [Int32]
  private let byContent: [[UInt8]: Int]

  init(
    _ values: [JSONValue], model: Vocabulary, normalizer: Normalizer?, source: String
  ) throws(TokenizerError) {
    var tokens: [AddedToken] = []
    var (plain, normalized) = ([(token: AddedToken, content: [UInt8])](), [(token: AddedToken, content: [UInt8])]())
    var byID: [TokenID: Int] = [:]
    var byContent: [[UInt8]: Int] = [:]
    let idLimit = Vocabulary.idLimit(ofTokens: model.count + values.count)
    for (index, value) in values.enumerated() {
      let reader = try StageReader(value, stage: "added_tokens[\(index)]", source: source)
      let token = try AddedToken(reader, index: index, idLimit: idLimit)
      try Self.check(token, tokens, byID, byContent, model, source)
      byID[token.id] = index
      byContent[token.content] = index
      tokens.append(token)
      var text = AlignedText(input: token.content)
      if token.normalized {
        normalizer?.apply(to: &text)
        normalized.append((token, text.bytes))
      } else {
        plain.append((token, token.content))
      }
    }
    self.tokens = tokens
    self.plain = AddedTokenFinder(plain)
    self.normalized = AddedTokenFinder(normalized)
    var table = [Int32](repeating: -1, count: tokens.map { Int($0.id) + 1 }.max() ?? 0)
    for (index, token) in tokens.enumerated() { table[Int(token.id)] = Int32(index) }
    self.byID = table
    self.byContent = byContent
  }

  private static func check(
    _ token: AddedToken, _ tokens: [AddedToken], _ byID: [TokenID: Int], _ byContent: [[UInt8]: Int],
    _ model: Vocabulary, _ source: String
  ) throws(TokenizerError) {
    let name = UTF8Text.string(token.content)
    if let other = byContent[token.content] {
      throw .duplicateToken(token: name, first: Int(tokens[other].id), second: Int(token.id), source: source)
    }
    if let other = byID[token.id] {
      let first = UTF8Text.string(tokens[other].content)
      throw .duplicateID(id: Int(token.id), first: first, second: name, source: source)
    }
    if let id = model.id(of: token.content), id != token.id {
      throw .duplicateToken(token: name, first: Int(id), second: Int(token.id), source: source)
    }
    if let other = model.token(of: token.id), !other.elementsEqual(token.content) {
      throw .duplicateID(id: Int(token.id), first: UTF8Text.string(other), second: name, source: source)
    }
  }

  func token(of id: TokenID) -> AddedToken? {
    guard id >= 0, Int(id) < byID.count, byID[Int(id)] >= 0 else { return nil }
    return tokens[Int(byID[Int(id)])]
  }

  func id(of content: [UInt8]) -> TokenID? { byContent[content].map { tokens[$0].id } }

  /// One more than the largest id.
  var idLimit: Int { byID.count }
}
