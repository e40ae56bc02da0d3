import Diagnostics
import Foundation
import JSON
import Pretrained
import Testing
import TextEmbedding
import _TestSupport

/// Texts and sentence-transformers folders that cannot be embedded, with a tiny BERT.
@Suite(.engineAlone) struct BadEmbeddingTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    for name in ["config.json", "model.safetensors"] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch(name), withDestinationPath: Golden.folder("bert") + "/" + name)
    }
    try scratch.write("tokenizer.json", Self.tokenizer)
  }

  /// Ids 0 to 2 for a, b and c, and 500, which no row of the embedding table has, for d.
  private static let tokenizer = """
    {"added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
     "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 500}, "merges": []}}
    """

  private func model() throws -> PretrainedModel { try PretrainedModel.open(scratch.path) }

  @Test func `a token that the model has no row for is told before anything is computed, with all else`() throws {
    let embedder = try TextEmbedder(model(), EmbeddingSettings(maximumTokens: 4))
    let error = try thrown(DiagnosticGroup.self) { _ = try embedder.embeddings(of: ["abc", "ad", "aaaaa", ""]) }
    for problem: EmbeddingError in [
      .unknownToken(id: 500, vocabulary: 97, place: "text 2"), .tooLong(place: "text 3", tokens: 5, limit: 4),
      .emptyText(place: "text 4"),
    ] { #expect(error.description.contains(problem.problem) && error.description.contains(problem.location)) }
    #expect(try embedder.embeddings(of: ["abc"])[0].count == 32)
  }

  @Test(arguments: [
    (#"{"a": 1}"#, ["must be an array of modules", "modules.json"]), ("[]", ["must be an array of modules, got []"]),
    (
      #"[{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Dense"}]"#,
      ["'sentence_transformers.models.Dense' is not supported", "supported: Transformer, Pooling, Normalize"]
    ),
    (
      #"[{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]"#,
      ["there is no such file", "1_Pooling/config.json"]
    ),
    ("[", ["not valid JSON", "modules.json, line 1"]),
  ])
  func `a list of modules that cannot be followed is one error`(text: String, words: [String]) throws {
    try scratch.write("modules.json", text)
    let model = try model()
    let error = try #require(throws: (any Error).self) { _ = try EmbeddingSettings(publishedWith: model) }
    for word in words { #expect("\(error)".contains(word), "\(error)") }
  }
}
