import JSON

/// SentencePiece's BPE as transformers converts it (`LlamaConverter` and `GemmaConverter` in convert_slow_tokenizer.py).
extension GGUFConversion {
  private static let space: JSONValue = "▁"

  func sentencePieceNormalizer() -> JSONValue {
    let replace: JSONValue = ["type": "Replace", "pattern": ["String": " "], "content": Self.space]
    guard vocabulary.addsSpacePrefix == true else { return replace }
    return ["type": "Sequence", "normalizers": [["type": "Prepend", "prepend": Self.space], replace]]
  }

  func sentencePieceDecoder() -> JSONValue {
    var stages: [JSONValue] = [
      ["type": "Replace", "pattern": ["String": Self.space], "content": " "], ["type": "ByteFallback"],
      ["type": "Fuse"],
    ]
    if vocabulary.addsSpacePrefix == true {
      stages.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
    }
    return ["type": "Sequence", "decoders": .array(stages)]
  }

  func sentencePieceModel() throws(TokenizerError) -> JSONValue {
    [
      "type": "BPE", "dropout": nil, "unk_token": vocabulary.unknownID.map { .string(vocabulary.tokens[$0]) } ?? nil,
      "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": true,
      "ignore_merges": false, "vocab": try vocab(), "merges": .array(try merges()),
    ]
  }

  /// Every way to put a token together from two others, in the order of rank: by score, then by the lengths of the parts in
  /// characters, all falling; what is equal in these by token and then by the ids of the parts (`generate_merges`).
  private func merges() throws(TokenizerError) -> [JSONValue] {
    struct Merge {
      let left: Int32
      let right: Int32
      let score: Float
      let lengths: (left: Int32, right: Int32)
    }
    var table = ByteStringTable(capacity: vocabulary.tokens.count)
    for token in vocabulary.tokens { table.insert(token.utf8) }
    let beginnings = TokenTrie(table.indices.map { (table[$0], TokenID($0)) })
    let lengths = vocabulary.tokens.map { Int32($0.unicodeScalars.count) }
    var merges: [Merge] = []
    for (id, token) in vocabulary.tokens.enumerated() {
      let score = vocabulary.scores[id]
      guard !score.isNaN else { throw .scoreIsNotANumber(token: token, id: id, source: source) }
      let first = merges.count
      Array(token.utf8).withUnsafeBufferPointer { bytes in
        beginnings.forEachPrefix(of: bytes, from: 0) { left, cut in
          guard cut < bytes.count, let right = table.find(UnsafeBufferPointer(rebasing: bytes[cut...])) else { return }
          let before = lengths[Int(left)]
          merges.append(Merge(left: left, right: Int32(right), score: score, lengths: (before, lengths[id] - before)))
        }
      }
      merges[first...].sort { ($0.left, $0.right) < ($1.left, $1.right) }
    }
    let order = merges.indices.sorted { a, b in
      let (a, b, isBefore) = (merges[a], merges[b], a < b)
      if a.score != b.score { return a.score > b.score }
      if a.lengths != b.lengths { return a.lengths > b.lengths }
      return isBefore
    }
    return order.map { index in
      let (left, right) = (vocabulary.tokens[Int(merges[index].left)], vocabulary.tokens[Int(merges[index].right)])
      return .array([.string(left), .string(right)])
    }
  }
}
