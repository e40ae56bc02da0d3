import JSON

/// Writes the metadata of a GGUF file as a tokenizer.json.
struct GGUFConversion {
  /// The kinds of tokenizer by llama.cpp's names (`tokenizer.ggml.model`).
  enum Model: String, CaseIterable {
    /// Byte-level BPE.
    case gpt2
    /// SentencePiece's BPE.
    case llama
    /// WordPiece.
    case bert
    /// SentencePiece's Unigram.
    case t5
  }

  enum TokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// What the file says, and what it leaves to its kind of tokenizer.
  let vocabulary: GGUFVocabulary
  let source: String
  private let model: Model
  private let preTokenizer: GGUFPreTokenizer?
  let types: [TokenType]

  init(_ given: GGUFVocabulary, source: String) throws(TokenizerError) {
    self.source = source
    guard let model = Model(rawValue: given.model) else {
      throw .unknownType(
        stage: "tokenizer.ggml.model", type: given.model, supported: Model.allCases.map(\.rawValue), source: source)
    }
    self.model = model
    var vocabulary = given
    switch model {
    case .gpt2:
      // Without them every text would be cut into its bytes, which no model was trained on.
      guard !given.merges.isEmpty else {
        throw .document(.missing(key: "tokenizer.ggml.merges", source: source, nearest: nil))
      }
      let pre = try GGUFPreTokenizer(named: given.pre ?? "none", source: source)
      vocabulary.addsBOS = given.addsBOS ?? pre.addsBOS
      preTokenizer = pre
    case .llama:
      vocabulary.addsBOS = given.addsBOS ?? true
      vocabulary.addsSpacePrefix = given.addsSpacePrefix ?? true
      vocabulary.unknownID = given.unknownID ?? 0
      vocabulary.bosID = given.bosID ?? 1
      vocabulary.eosID = given.eosID ?? 2
      preTokenizer = nil
    case .bert:
      vocabulary.setWordPieceDefaults(given)
      preTokenizer = nil
    case .t5:
      vocabulary.setUnigramDefaults(given)
      preTokenizer = nil
    }
    types = try Self.checked(vocabulary, needsScores: model == .llama || model == .t5, source)
    if model == .llama { Self.spellSpaces(&vocabulary.tokens, types) }
    if model == .bert { Self.spellContinuations(&vocabulary.tokens) }
    self.vocabulary = vocabulary
  }

  private static func checked(
    _ vocabulary: GGUFVocabulary, needsScores: Bool, _ source: String
  ) throws(TokenizerError) -> [TokenType] {
    let count = vocabulary.tokens.count
    var lists = [("token types", vocabulary.types.count)]
    if needsScores { lists.append(("scores", vocabulary.scores.count)) }
    for (name, length) in lists where length != count {
      throw .countsDiffer(first: "tokens", firstCount: count, second: name, secondCount: length, source: source)
    }
    let ids = [
      ("bos_token_id", vocabulary.bosID), ("eos_token_id", vocabulary.eosID),
      ("unknown_token_id", vocabulary.unknownID), ("padding_token_id", vocabulary.paddingID),
      ("seperator_token_id", vocabulary.separatorID),
    ]
    for (name, id) in ids {
      if let id, id < 0 || id >= count { throw .idOutOfRange(name: name, id: id, limit: count, source: source) }
    }
    var types: [TokenType] = []
    for (id, raw) in vocabulary.types.enumerated() {
      guard let type = TokenType(rawValue: raw) else {
        throw .idOutOfRange(name: "the type of token \(id)", id: raw, limit: 7, source: source)
      }
      types.append(type)
    }
    return types
  }

  /// Runs of spaces among the user-defined tokens (Gemma's) are written with `▁` again, as the vocabulary had them before
  /// llama.cpp's converter.
  private static func spellSpaces(_ tokens: inout [String], _ types: [TokenType]) {
    for (id, type) in types.enumerated() where type == .userDefined {
      if !tokens[id].isEmpty, tokens[id].utf8.allSatisfy({ $0 == UInt8(ascii: " ") }) {
        tokens[id] = String(repeating: "▁", count: tokens[id].utf8.count)
      }
    }
  }

  func document() throws(TokenizerError) -> JSONValue {
    let stages: (normalizer: JSONValue, preTokenizer: JSONValue, decoder: JSONValue, model: JSONValue)
    switch model {
    case .gpt2:
      stages = (
        preTokenizer?.normalizer ?? nil, preTokenizer?.stage ?? nil, GGUFPreTokenizer.byteLevel(usesPattern: true),
        try byteLevelModel(ignoresMerges: preTokenizer?.ignoresMerges ?? false)
      )
    case .llama:
      stages = (sentencePieceNormalizer(), nil, sentencePieceDecoder(), try sentencePieceModel())
    case .bert:
      stages = (wordPieceNormalizer(), ["type": "BertPreTokenizer"], Self.wordPieceDecoder, try wordPieceModel())
    case .t5:
      stages = (unigramNormalizer(), Self.unigramSpaces, Self.unigramSpaces, unigramModel())
    }
    return [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": addedTokens(),
      "normalizer": stages.normalizer, "pre_tokenizer": stages.preTokenizer, "post_processor": postProcessor(),
      "decoder": stages.decoder, "model": stages.model,
    ]
  }

  private func addedTokens() -> JSONValue {
    var added: [JSONValue] = []
    for (id, type) in types.enumerated() where type == .control || type == .userDefined || type == .unknown {
      added.append([
        "id": .integer(id), "content": .string(vocabulary.tokens[id]), "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": .bool(type != .userDefined),
      ])
    }
    return .array(added)
  }

  private func postProcessor() -> JSONValue {
    if model == .bert { return wordPieceTemplate() }
    let bos = vocabulary.addsBOS == true ? vocabulary.bosID : nil
    let eos = vocabulary.addsEOS == true ? vocabulary.eosID : nil
    if bos == nil, eos == nil { return nil }
    var specials = JSONObject()
    func special(_ id: Int?, _ typeID: Int) -> [JSONValue] {
      guard let id else { return [] }
      let token = vocabulary.tokens[id]
      specials[token] = ["id": .string(token), "ids": [.integer(id)], "tokens": [.string(token)]]
      return [["SpecialToken": ["id": .string(token), "type_id": .integer(typeID)]]]
    }
    func text(_ name: JSONValue, _ typeID: Int) -> [JSONValue] {
      special(bos, typeID) + [["Sequence": ["id": name, "type_id": .integer(typeID)]]] + special(eos, typeID)
    }
    return [
      "type": "TemplateProcessing", "single": .array(text("A", 0)), "pair": .array(text("A", 0) + text("B", 1)),
      "special_tokens": .object(specials),
    ]
  }

  /// The tokens with their ids.
  func vocab() throws(TokenizerError) -> JSONValue {
    var vocab = JSONObject()
    for (id, token) in vocabulary.tokens.enumerated() {
      if let first = vocab[token]?.int {
        throw .duplicateToken(token: token, first: first, second: id, source: source)
      }
      vocab[token] = .integer(id)
    }
    return .object(vocab)
  }

  private func byteLevelModel(ignoresMerges: Bool) throws(TokenizerError) -> JSONValue {
    [
      "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
      "fuse_unk": false, "byte_fallback": false, "ignore_merges": .bool(ignoresMerges), "vocab": try vocab(),
      "merges": .array(vocabulary.merges.map { .string($0) }),
    ]
  }
}
