import Diagnostics
import Foundation
import JSON
import LanguageModels
import Pretrained
import Tensors
import Testing
import TextEmbedding
import TextGeneration
import Tokenization
import _TestSupport

/// Where the sentence encoder lies; its tests are left out, with the reason, where there is none.
private enum Encoder {
  static let place = ProcessInfo.processInfo.environment["REFT_TEST_ENCODER"].flatMap {
    FileManager.default.fileExists(atPath: $0) ? $0 : nil
  }
}

/// all-MiniLM-L6-v2 against transformers (scripts/goldens/sentence_embeddings.py).
@Suite(.engineAlone, .enabled(if: Encoder.place != nil, "set REFT_TEST_ENCODER to all-MiniLM-L6-v2"))
struct TextEmbedderTests {
  private let golden: Golden
  private let sentences: [String]
  private let model: PretrainedModel

  init() throws {
    golden = try Golden("minilm_embeddings")
    sentences = try golden.facts.array("sentences").compactMap(\.string)
    model = try PretrainedModel.open(#require(Encoder.place))
  }

  @Test func `the folder says how tokens become one vector`() throws {
    #expect(
      try #require(try EmbeddingSettings(publishedWith: model))
        == EmbeddingSettings(pooling: .mean, normalizes: true, maximumTokens: 256, truncates: false))
  }

  @Test func `embeddings equal the reference's, in one packed batch`() throws {
    for (i, sentence) in sentences.enumerated() {
      #expect(try model.tokenizer.encode(sentence).ids == golden.ids("ids.\(i)"), "\(sentence)")
    }
    let vectors = try TextEmbedder(model, #require(try EmbeddingSettings(publishedWith: model))).embeddings(
      of: sentences)
    for (i, vector) in vectors.enumerated() { try golden.expect(Tensor(vector), equals: "embedding.\(i)") }
    // The negative control: another sentence's.
    try golden.expectDiffers(Tensor(vectors[1]), from: "embedding.0")
  }

  @Test func `the first token's vector is another one`() throws {
    var settings = try #require(try EmbeddingSettings(publishedWith: model))
    settings.pooling = .first
    let vector = try TextEmbedder(model, settings).embeddings(of: [sentences[0]])[0]
    try golden.expectDiffers(Tensor(vector), from: "embedding.0")
  }

  @Test func `a text that is too long is an error, or is cut before the closing token`() throws {
    var settings = try #require(try EmbeddingSettings(publishedWith: model))
    let long = String(repeating: "flute ", count: 300)
    let error = try thrown(DiagnosticGroup.self) {
      _ = try TextEmbedder(model, settings).embeddings(of: ["short", long])
    }
    #expect(error.description == EmbeddingError.tooLong(place: "text 2", tokens: 302, limit: 256).description)
    settings.truncates = true
    let cut = try TextEmbedder(model, settings).embeddings(of: [long, String(repeating: "flute ", count: 254)])
    #expect(cut[0] == cut[1])
  }

  @Test func `an encoder that is asked to continue a text says that it cannot`() throws {
    #expect(throws: ModelError.readsOnly) {
      try Generator(model.model, model.tokenizer).generate(
        ["A man"], until: StopConditions(endTokens: [], maximumNewTokens: 3))
    }
    #expect(throws: ModelError.readsOnly) {
      try Scorer(model.model, model.tokenizer).scores([ScoringRequest(prompt: "A man", completion: " plays")])
    }
  }
}
