import JSON
import Testing
import Tokenization

@Suite struct `A tokenizer from GGUF` {
  /// The vocabulary of a golden file as GGUF would carry it.
  static func vocabulary(pre: String = "smollm") throws -> GGUFVocabulary {
    var vocabulary = try #require(read)
    vocabulary.pre = pre
    return vocabulary
  }

  private static let read = try? readVocabulary()

  private static func readVocabulary() throws -> GGUFVocabulary {
    let model = try #require(try fixture("byte_level.json")["model"])
    var tokens: [String] = []
    for (token, id) in try #require(model["vocab"]?.object) {
      let id = try #require(id.int)
      tokens += Array(repeating: "", count: max(0, id + 1 - tokens.count))
      tokens[id] = token
    }
    return GGUFVocabulary(
      model: "gpt2", pre: "smollm", tokens: tokens, types: tokens.indices.map { $0 < 5 ? 3 : 1 },
      merges: model["merges"]?.array?.compactMap(\.string) ?? [], bosID: 1, eosID: 2, unknownID: 0, paddingID: 2,
      addsBOS: false)
  }

  @Test func `has the ids of the tokenizer.json with the same vocabulary`() throws {
    let pipeline = try #require(try GoldenPipeline.all(in: "byte_level.json").first { $0.name.hasSuffix(": smollm") })
    let tokenizer = try Tokenizer(gguf: Self.vocabulary(), source: "model.gguf")
    for line in pipeline.lines {
      #expect(tokenizer.encode(line.text) == Encoding(ids: line.ids, offsets: line.offsets))
      #expect(same(tokenizer.decode(line.ids), line.decoded))
    }
    #expect(tokenizer.bos == 1)
    #expect(tokenizer.eos == 2)
  }

  @Test func `isolates digits for smollm and not for gpt-2`() throws {
    let text = "12 123 + 123 = 12"
    let smollm = try Tokenizer(gguf: Self.vocabulary(), source: "g").encode(text)
    let gpt2 = try Tokenizer(gguf: Self.vocabulary(pre: "gpt-2"), source: "g").encode(text)
    #expect(smollm.ids.count > gpt2.ids.count)
  }

  @Test func `says the same as the tokenizer.json that it exports`() throws {
    let tokenizer = try Tokenizer(gguf: Self.vocabulary(), source: "g")
    let copy = try Tokenizer(json: JSONValue(parsing: tokenizer.json().text, source: "j"), source: "j")
    for text in ["I'm 12 and\n\n  a <|im_end|> b", "é한👍", ""] { #expect(copy.encode(text) == tokenizer.encode(text)) }
  }

  @Test func `puts BOS and EOS around texts where the file says so`() throws {
    var vocabulary = try Self.vocabulary()
    vocabulary.addsBOS = true
    vocabulary.addsEOS = true
    let tokenizer = try Tokenizer(gguf: vocabulary, source: "g")
    let plain = tokenizer.encode("hello", addSpecialTokens: false)
    #expect(tokenizer.encode("hello").ids == [1] + plain.ids + [2])
  }

  @Test func `user defined tokens are found in the text and are not special`() throws {
    var vocabulary = try Self.vocabulary()
    vocabulary.tokens.append("two words")
    vocabulary.types.append(4)
    let id = TokenID(vocabulary.tokens.count - 1)
    let tokenizer = try Tokenizer(gguf: vocabulary, source: "g")
    #expect(tokenizer.encode("two words").ids == [id])
    #expect(tokenizer.decode([id], skipSpecialTokens: true) == "two words")
  }

  @Test func `is refused with a clear error where the metadata is wrong`() throws {
    func error(_ change: (inout GGUFVocabulary) -> Void) throws -> TokenizerError? {
      var vocabulary = try Self.vocabulary()
      change(&vocabulary)
      do {
        _ = try Tokenizer(gguf: vocabulary, source: "model.gguf")
        return nil
      } catch {
        return error
      }
    }
    let count = try Self.vocabulary().tokens.count
    #expect(try error { _ in } == nil)
    guard
      case .unknownType("tokenizer.ggml.model", "rwkv", ["gpt2", "llama", "bert", "t5"], "model.gguf")? = try error({
        $0.model = "rwkv"
      }),
      case .unknownType("tokenizer.ggml.pre", "smolm", _, "model.gguf")? = try error({ $0.pre = "smolm" }),
      case .unknownType("tokenizer.ggml.pre", "none", _, _)? = try error({ $0.pre = nil })
    else {
      Issue.record("unknown kinds are not refused")
      return
    }
    #expect(
      try error { $0.merges = [] }
        == .document(.missing(key: "tokenizer.ggml.merges", source: "model.gguf", nearest: nil)))
    #expect(
      try error { $0.types.removeLast() }
        == .countsDiffer(
          first: "tokens", firstCount: count, second: "token types", secondCount: count - 1, source: "model.gguf"))
    #expect(
      try error { $0.model = "llama" }
        == .countsDiffer(
          first: "tokens", firstCount: count, second: "scores", secondCount: 0, source: "model.gguf"))
    #expect(
      try error {
        $0.model = "llama"
        $0.scores = $0.tokens.map { _ in .nan }
      } == .scoreIsNotANumber(token: Self.vocabulary().tokens[0], id: 0, source: "model.gguf"))
    #expect(
      try error { $0.eosID = count }
        == .idOutOfRange(name: "eos_token_id", id: count, limit: count, source: "model.gguf"))
    #expect(
      try error { $0.bosID = -1 } == .idOutOfRange(name: "bos_token_id", id: -1, limit: count, source: "model.gguf"))
    #expect(
      try error { $0.types[7] = 9 } == .idOutOfRange(name: "the type of token 7", id: 9, limit: 7, source: "model.gguf")
    )
    #expect(
      try error { $0.tokens[9] = $0.tokens[8] }
        == .duplicateToken(token: Self.vocabulary().tokens[8], first: 8, second: 9, source: "model.gguf"))
    #expect(
      try error { $0.merges[3] = "zzzz yyyy" }
        == .tokenNotInVocabulary(token: "zzzz", namedBy: "merge 3", source: "model.gguf, 'model'"))
  }
}
