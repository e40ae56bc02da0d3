import JSON
import Testing
import Tokenization

/// Each golden's tokenizer once more, from the metadata that a GGUF file of it holds.
@Suite struct `A tokenizer from GGUF and from tokenizer json` {
  /// The goldens that have a GGUF form, and the `pre` of those of byte-level BPE.
  static let kinds: [(name: String, pre: String?)] = [
    ("gpt2", "gpt-2"), ("smollm2", "smollm"), ("llama3", "llama-bpe"), ("tekken", "tekken"), ("o200k", "gpt-4o"),
    ("deepseek3", "deepseek-v3"), ("qwen2", "qwen2"), ("llama2", nil), ("gemma", nil),
  ]

  @Test(arguments: kinds) func `have the same ids and texts`(name: String, pre: String?) throws {
    let golden = try HardLineGolden(name: name)
    let tokenizer = try Tokenizer(gguf: Self.metadata(of: golden, pre: pre), source: "\(name).gguf")
    // The merges, of thousands of lines a few hundred: what they would show of the pipeline, they show.
    #expect(Self.merges(of: tokenizer.json()) == Self.merges(of: golden.document))
    for index in stride(from: 0, to: golden.blocks.count, by: 8) {
      let found = HardLineGolden.hashes(of: `Ten thousand hard lines`.block(index), tokenizer).block
      let differences = golden.differences(of: found, at: index).filter { $0 != "offsets" }
      #expect(differences == [], "block \(index) of \(name)")
    }
  }

  @Test func `rank merges by scores`() throws {
    let golden = try HardLineGolden(name: "llama2")
    var metadata = try Self.metadata(of: golden, pre: nil)
    metadata.scores.swapAt(400, 900)
    let tokenizer = try Tokenizer(gguf: metadata, source: "changed")
    #expect(Self.merges(of: tokenizer.json()) != Self.merges(of: golden.document))
  }

  @Test func `begin texts as llama cpp does where the file does not say`() throws {
    func beginning(_ name: String, _ pre: String?, _ says: Bool?) throws -> [TokenID] {
      var metadata = try Self.metadata(of: HardLineGolden(name: name), pre: pre)
      metadata.addsBOS = says
      return try Tokenizer(gguf: metadata, source: name).encode("").ids
    }
    #expect(try beginning("llama2", nil, nil) == [1])
    #expect(try beginning("llama2", nil, false) == [])
    #expect(try beginning("gemma", nil, nil) == [2])
    #expect(try beginning("tekken", "tekken", nil) == [1])
    #expect(try beginning("tekken", "gpt-4o", nil) == [])
    #expect(try beginning("tekken", "gpt-4o", true) == [1])
    #expect(try beginning("llama3", "llama-bpe", nil).count == 1)
  }

  @Test func `know every pre-tokenizer that they list`() throws {
    let golden = try HardLineGolden(name: "gpt2")
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(gguf: Self.metadata(of: golden, pre: "kimi-k2"), source: "g")
    }
    guard case .unknownType(_, "kimi-k2", let supported, _)? = error else {
      Issue.record("no error")
      return
    }
    #expect(supported.count > 30)
    for pre in supported { _ = try Tokenizer(gguf: Self.metadata(of: golden, pre: pre), source: "g") }
  }

  private static func merges(of document: JSONValue) -> [String] {
    (document["model"]?["merges"]?.array ?? []).map { merge in
      merge.string ?? merge.array?.compactMap(\.string).joined(separator: " ") ?? ""
    }
  }

  /// What llama.cpp's converter would write of a tokenizer.json.
  static func metadata(of golden: HardLineGolden, pre: String?) throws -> GGUFVocabulary {
    let facts = golden.facts["gguf"]
    let model = golden.document["model"]
    var tokens: [Int: (text: String, type: Int)] = [:]
    for (token, id) in try #require(model?["vocab"]?.object) {
      tokens[try #require(id.int)] = (token, token.hasPrefix("<0x") ? 6 : 1)
    }
    for token in try #require(golden.document["added_tokens"]?.array) {
      let text = try #require(token["content"]?.string)
      tokens[try #require(token["id"]?.int)] = (text, token["special"]?.bool == true ? 3 : 4)
    }
    let all = try tokens.keys.sorted().map { try #require(tokens[$0]) }
    let bos = golden.document["post_processor"].flatMap(bosID)
    return GGUFVocabulary(
      model: facts?["model"]?.string ?? "gpt2", pre: pre, tokens: all.map(\.text),
      types: facts?["types"]?.array?.compactMap(\.int) ?? all.map(\.type),
      merges: facts == nil ? merges(of: golden.document) : [],
      scores: facts?["scores"]?.array?.compactMap { $0.double.map(Float.init) } ?? [], bosID: bos,
      addsBOS: bos.map { _ in true },
      addsSpacePrefix: facts?["add_space_prefix"]?.bool)
  }

  /// The token that a template puts first.
  private static func bosID(_ postProcessor: JSONValue) -> Int? {
    for processor in postProcessor["processors"]?.array ?? [postProcessor] {
      for (_, special) in processor["special_tokens"]?.object ?? [:] {
        if let id = special["ids"]?.array?.first?.int { return id }
      }
    }
    return nil
  }
}
