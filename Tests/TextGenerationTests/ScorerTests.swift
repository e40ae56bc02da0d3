import Diagnostics
import LanguageModels
import Tensors
import Testing
import TextGeneration
import Tokenization
import _TestSupport

@Suite(.engineAlone) struct ScorerTests {
  static let requests: [ScoringRequest] = [
    .init(prompt: "How far?", completion: " Far."), .init(prompt: "", completion: "x"),
    .init(prompt: "A much longer prompt than others", completion: "!"),
    .init(prompt: "a", completion: String(repeating: "many tokens ", count: 3)),
  ]

  /// Log-probabilities from the whole logits of one text.
  private func expected(_ request: ScoringRequest, _ model: any LanguageModel, edits: Edits) throws -> [Double] {
    let ids = try TinyTokenizer.make().encode(request.prompt + request.completion).ids
    let boundary = 1 + request.prompt.count
    let batch = TokenBatch([.init(tokens: ids, promptLength: boundary)])
    let logits = try model.logits(model.hidden(batch, cache: nil, tap: edits(batch))).logSoftmax(along: 1)
    let values = try logits.values(as: Double.self)
    return (boundary..<ids.count).map { values[($0 - 1) * model.shape.vocabulary + Int(ids[$0])] }
  }

  @Test(arguments: [2048, 40, 1])
  func `scores equal those from the whole logits of each text alone, edited or not`(budget: Int) throws {
    try withoutLeaks {
      let model = try TinyModel.load()
      let edit = try ShiftEdit(width: model.shape.hidden, seed: 5, strength: 0.4)
      let edited: Edits = { batch throws(TensorError) in try edit.onPromptEnds(of: batch, layers: 1) }
      let scorer = Scorer(model, try TinyTokenizer.make(), limits: BatchLimits(tokens: budget))
      var firsts: [Double] = []
      for edits in [noEdits, edited] {
        var done: [Int] = []
        let scores = try scorer.scores(Self.requests, edits: edits) { done.append($0) }
        #expect(done.last == Self.requests.count)
        for (score, request) in zip(scores, Self.requests) {
          let reference = try expected(request, model, edits: edits)
          #expect(score.tokenLogprobs.count == request.completion.count)
          for (got, wanted) in zip(score.tokenLogprobs, reference) { #expect(abs(got - wanted) < 1e-5) }
          #expect(abs(score.logprob - reference.reduce(0, +)) < 1e-4)
        }
        firsts.append(scores[0].logprob)
      }
      #expect(abs(firsts[0] - firsts[1]) > 1e-3)
    }
  }

  @Test func `probabilities of all single-token completions sum to one`() throws {
    let model = try TinyModel.load()
    let scorer = Scorer(model, try TinyTokenizer.make())
    let requests = (32..<127).map { ScoringRequest(prompt: "Q", completion: String(UnicodeScalar(UInt8($0)))) }
    let special = ["<s>", "</s>"].map { ScoringRequest(prompt: "Q", completion: $0) }
    let sum = try scorer.scores(requests + special).reduce(0) { $0 + $1.logprob.exponential }
    #expect(abs(sum - 1) < 1e-4)
  }

  @Test func `requests without anything to score are errors that name their places`() throws {
    let model = try TinyModel.load()
    let scorer = Scorer(model, try TinyTokenizer.make())
    let context = model.shape.contextLength
    let error = try #require(throws: DiagnosticGroup.self) {
      _ = try scorer.scores([
        .init(prompt: "a", completion: ""), .init(prompt: "b", completion: "c"),
        .init(prompt: String(repeating: "d", count: context), completion: "e", place: "x.jsonl, line 9"),
      ])
    }
    #expect(
      error.items.compactMap { $0 as? GenerationError } == [
        .emptyCompletion(place: "line 1"),
        .textTooLong(place: "x.jsonl, line 9", tokens: context + 2, context: context),
      ])
    let alone = try #require(throws: DiagnosticGroup.self) {
      _ = try scorer.scores([.init(prompt: "", completion: "c")], addSpecialTokens: false)
    }
    #expect(alone.items.first as? GenerationError == .nothingBeforeCompletion(place: "line 1"))
  }
}

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Double {
  fileprivate var exponential: Double { exp(self) }
}
