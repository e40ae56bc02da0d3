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

  /// The number of tokens.
  var count: Int { tokens.count }
  /// One more than the largest id.
  var idLimit: Int { indices.count }

  /// Adds a token. An id more than a few times as large as the number of tokens is taken for damage, not for a hole.
  mutating func insert(_ token: some Sequence<UInt8>, id: Int, expected total: Int) throws(TokenizerError) {
    let bytes = Array(token)
    let limit = min(Int(TokenID.max), max(total, 1).multipliedReportingOverflow(by: 4).partialValue + 0x10000)
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
