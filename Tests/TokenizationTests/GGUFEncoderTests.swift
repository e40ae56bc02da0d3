import Foundation
import JSON
import Testing
import Tokenization

/// Encoders' tokenizers from GGUF metadata, held against the goldens of the tokenizer.json that says the same.
@Suite struct `An encoder's tokenizer from GGUF` {
  @Test(arguments: ["bert_uncased", "bert_cased"]) func `has the ids of WordPiece`(name: String) throws {
    let golden = try HardLineGolden(name: name)
    try Self.expectParity(golden, Tokenizer(gguf: Self.wordPiece(golden), source: name))
  }

  @Test func `has the ids of Unigram`() throws {
    let golden = try HardLineGolden(name: "t5")
    try Self.expectParity(golden, Tokenizer(gguf: Self.unigram(golden), source: "t5"))
  }

  @Test func `tells a changed score and a missing charsmap`() throws {
    let golden = try HardLineGolden(name: "t5")
    let line = "the １２ words"
    let right = try Tokenizer(gguf: Self.unigram(golden), source: "t5").encode(line)
    var metadata = try Self.unigram(golden)
    metadata.charsMap = []
    #expect(try Tokenizer(gguf: metadata, source: "t5").encode(line).ids != right.ids)
    metadata = try Self.unigram(golden)
    metadata.scores = metadata.scores.map { -$0 }
    #expect(try Tokenizer(gguf: metadata, source: "t5").encode(line).ids != right.ids)
  }

  @Test func `puts pairs together with type ids`() throws {
    let tokenizer = try Tokenizer(gguf: Self.wordPiece(HardLineGolden(name: "bert_uncased")), source: "bert")
    let pair = try tokenizer.encode("the", pair: "of")
    #expect(pair.typeIDs == [0, 0, 0, 1, 1])
    #expect(pair.ids.first == 2)
    #expect(pair.ids[2] == 3)
    #expect(pair.ids.last == 3)
  }

  @Test func `names an id that the file lacks`() throws {
    var metadata = try Self.wordPiece(HardLineGolden(name: "bert_uncased"))
    metadata.separatorID = 1 << 20
    guard
      case .idOutOfRange("seperator_token_id", 1_048_576, _, _)? = #expect(
        throws: TokenizerError.self, performing: { try Tokenizer(gguf: metadata, source: "bert") })
    else {
      Issue.record("another error")
      return
    }
    metadata = try Self.unigram(HardLineGolden(name: "t5"))
    metadata.scores.removeLast()
    #expect(throws: TokenizerError.self) { try Tokenizer(gguf: metadata, source: "t5") }
    metadata = try Self.unigram(HardLineGolden(name: "t5"))
    metadata.charsMap.removeLast(metadata.charsMap.count - 100)
    #expect(throws: TokenizerError.self) { try Tokenizer(gguf: metadata, source: "t5") }
  }

  private static func expectParity(_ golden: HardLineGolden, _ tokenizer: Tokenizer) throws {
    for index in stride(from: 0, to: golden.blocks.count, by: 10) {
      let found = HardLineGolden.hashes(of: `Ten thousand hard lines`.block(index), tokenizer).block
      #expect(golden.differences(of: found, at: index) == [], "block \(index) of \(golden.name)")
    }
  }

  /// What llama.cpp's converter writes of BERT: words after a `▁`, continuations bare, names in brackets as they are.
  private static func wordPiece(_ golden: HardLineGolden) throws -> GGUFVocabulary {
    let vocab = try #require(golden.document["model"]?["vocab"]?.object)
    var tokens = Array(repeating: "", count: vocab.count)
    for (token, id) in vocab {
      let isName = token.utf8.first == UInt8(ascii: "[") && token.utf8.last == UInt8(ascii: "]")
      let isContinuation = token.utf8.starts(with: "##".utf8)
      tokens[try #require(id.int)] =
        isName ? token : isContinuation ? String(decoding: token.utf8.dropFirst(2), as: UTF8.self) : "▁" + token
    }
    return GGUFVocabulary(
      model: "bert", pre: nil, tokens: tokens, types: tokens.indices.map { $0 < 5 ? 3 : 1 }, merges: [], bosID: 2,
      unknownID: 1, paddingID: 0, separatorID: 3)
  }

  private static func unigram(_ golden: HardLineGolden) throws -> GGUFVocabulary {
    let pieces = try #require(golden.document["model"]?["vocab"]?.array)
    let added = Set(golden.document["added_tokens"]?.array?.compactMap { $0["id"]?.int } ?? [])
    let map = try #require(
      golden.document["normalizer"]?["normalizers"]?.array?.first?["precompiled_charsmap"]?.string)
    return GGUFVocabulary(
      model: "t5", pre: "default", tokens: pieces.compactMap { $0.array?.first?.string },
      types: pieces.indices.map { $0 == 2 ? 2 : added.contains($0) ? 3 : 1 }, merges: [],
      scores: pieces.compactMap { $0.array?.last?.double.map { Float($0) } }, eosID: 1, unknownID: 2, paddingID: 0,
      charsMap: Array(try #require(Data(base64Encoded: map))))
  }
}
