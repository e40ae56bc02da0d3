import JSON

/// The tokens of a model and their ids, which may have holes.
struct Vocabulary: Sendable {
  private var tokens: ByteStringTable
  private var ids: [TokenID] = []
  /// The number in `tokens` of each id; -1 in a hole.
  private(set) var indices: [Int32] = []
  private let source: String

  init(capacity: Int, source: String) {
    tokens = ByteStringTable(capacity: capacity)
    ids.reserveCapacity(capacity)
    self.source = source
  }

  /// The `vocab` of a model: each token with its id.
  init(_ entries: JSONObject, source: String) throws(TokenizerError) {
    self.init(capacity: entries.count, source: source)
    for (token, value) in entries {
      guard let id = value.int else {
        throw .document(
          .type(key: token, expected: "a whole number", got: value.kind, source: "\(source), 'vocab'"))
      }
      try insert(token.utf8, id: id, of: entries.count)
    }
  }

  /// The number of tokens.
  var count: Int { tokens.count }
  /// One more than the largest id.
  var idLimit: Int { indices.count }

  /// Ids from this on are taken for damage, not for holes: a table as long as the largest id must not exhaust the memory.
  static func idLimit(ofTokens count: Int) -> Int { min(count, 1 << 28) * 4 + 0x10000 }

  /// Adds a token; `total` are to come in all.
  mutating func insert(_ token: some Sequence<UInt8>, id: Int, of total: Int) throws(TokenizerError) {
    let bytes = Array(token)
    let limit = Self.idLimit(ofTokens: total)
    guard id >= 0, id < limit else {
      throw .idOutOfRange(name: "the id of '\(UTF8Text.string(bytes))'", id: id, limit: limit, source: source)
    }
    if id < indices.count, indices[id] >= 0 {
      let first = UTF8Text.string(tokens[Int(indices[id])])
      throw .duplicateID(id: id, first: first, second: UTF8Text.string(bytes), source: source)
    }
    let (index, isNew) = tokens.insert(bytes)
    guard isNew else {
      throw .duplicateToken(token: UTF8Text.string(bytes), first: Int(ids[index]), second: id, source: source)
    }
    ids.append(TokenID(id))
    if id >= indices.count { indices += repeatElement(-1, count: id + 1 - indices.count) }
    indices[id] = Int32(index)
  }

  func id(of token: some Sequence<UInt8>) -> TokenID? { tokens.find(token).map { ids[$0] } }

  func id(of token: UnsafeBufferPointer<UInt8>) -> TokenID? { tokens.find(token).map { ids[$0] } }

  /// The UTF-8 of the token with an id.
  func token(of id: TokenID) -> ArraySlice<UInt8>? {
    guard id >= 0, Int(id) < indices.count, indices[Int(id)] >= 0 else { return nil }
    return tokens[Int(indices[Int(id)])]
  }
}
