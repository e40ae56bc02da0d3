import Diagnostics
import JSON

extension Tokenizer {
  /// Makes the tokenizer of a GGUF file, by writing the `tokenizer.json` that says the same and reading that.
  ///
  /// - Parameter source: What to call the file in errors.
  public convenience init(gguf vocabulary: GGUFVocabulary, source: String) throws(TokenizerError) {
    let document = try GGUFConversion(vocabulary: vocabulary, source: source).document()
    try self.init(
      json: document, source: source, bos: vocabulary.bosID.map { vocabulary.tokens[$0] },
      eos: vocabulary.eosID.map { vocabulary.tokens[$0] })
  }
}

/// Writes the metadata of a GGUF file as a tokenizer.json.
private struct GGUFConversion {
  let vocabulary: GGUFVocabulary
  let source: String

  /// The pre-tokenizers of byte-level BPE by llama.cpp's names (`llm_tokenizer_bpe` in llama-vocab.cpp): whether each digit
  /// stands alone before GPT-2's pattern is applied.
  private static let isolatesDigits: [(name: String, isolated: Bool)] = [
    ("gpt-2", false), ("phi-2", false), ("smollm", true), ("starcoder", true), ("refact", true),
  ]

  private enum Kind: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  func document() throws(TokenizerError) -> JSONValue {
    guard vocabulary.model == "gpt2" else {
      throw .unknownType(stage: "tokenizer.ggml.model", type: vocabulary.model, supported: ["gpt2"], source: source)
    }
    let pre = vocabulary.pre ?? "none"
    guard let isolated = Self.isolatesDigits.first(where: { $0.name == pre })?.isolated else {
      throw .unknownType(
        stage: "tokenizer.ggml.pre", type: pre, supported: Self.isolatesDigits.map(\.name), source: source)
    }
    try checkCounts()
    return [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": try addedTokens(), "normalizer": nil,
      "pre_tokenizer": preTokenizer(isolatesDigits: isolated), "post_processor": postProcessor(),
      "decoder": byteLevel(), "model": try model(),
    ]
  }

  private func checkCounts() throws(TokenizerError) {
    let count = vocabulary.tokens.count
    guard vocabulary.types.count == count else {
      throw .countsDiffer(
        first: "tokens", firstCount: count, second: "token types", secondCount: vocabulary.types.count, source: source)
    }
    let ids = [
      ("bos_token_id", vocabulary.bosID), ("eos_token_id", vocabulary.eosID),
      ("unknown_token_id", vocabulary.unknownID), ("padding_token_id", vocabulary.paddingID),
    ]
    for (name, id) in ids {
      if let id, id < 0 || id >= count { throw .idOutOfRange(name: name, id: id, limit: count, source: source) }
    }
  }

  private func addedTokens() throws(TokenizerError) -> JSONValue {
    var added: [JSONValue] = []
    for (id, type) in vocabulary.types.enumerated() {
      guard let kind = Kind(rawValue: type) else {
        throw .idOutOfRange(name: "the type of token \(id)", id: type, limit: 7, source: source)
      }
      guard kind == .control || kind == .userDefined || kind == .unknown else { continue }
      added.append([
        "id": .integer(id), "content": .string(vocabulary.tokens[id]), "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": .bool(kind != .userDefined),
      ])
    }
    return .array(added)
  }

  private func byteLevel() -> JSONValue {
    ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
  }

  private func preTokenizer(isolatesDigits: Bool) -> JSONValue {
    guard isolatesDigits else { return byteLevel() }
    return ["type": "Sequence", "pretokenizers": [["type": "Digits", "individual_digits": true], byteLevel()]]
  }

  private func postProcessor() -> JSONValue {
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

  private func model() throws(TokenizerError) -> JSONValue {
    var vocab = JSONObject()
    for (id, token) in vocabulary.tokens.enumerated() {
      if let first = vocab[token]?.int {
        throw .duplicateToken(token: token, first: first, second: id, source: source)
      }
      vocab[token] = .integer(id)
    }
    return [
      "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
      "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": .object(vocab),
      "merges": .array(vocabulary.merges.map { .string($0) }),
    ]
  }
}
