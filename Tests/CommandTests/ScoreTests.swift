import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@Suite(.engineAlone) struct ScoreTests {
  private let lines: [JSONValue] = [
    ["prompt": "the son of ", "completion": "Ann: "], ["prompt": "", "completion": "the"],
    ["prompt": "the son of Ann", "completion": ": a thin man"],
  ]

  /// Prompt and completion tokens of `lines`, with `<s>`.
  private let tokens: [(prompt: [Int32], completion: [Int32])] = [
    ([1, 88, 96, 93, 3, 29, 20, 3], [41, 28, 28, 69, 3]), ([1], [88]),
    ([1, 88, 96, 93, 3, 29, 20, 3, 41, 28, 28], [69, 95, 3, 87, 90, 3, 27, 92]),
  ]

  @Test func `each line has the sum, the number and the log-probabilities of the completion's tokens`() throws {
    let place = try Workplace()
    try place.write("pairs.jsonl", lines: lines)
    let outcome = try place.reft("score", "--model", "model", "--input", "pairs.jsonl").succeeded()
    #expect(outcome.errors == "")
    let scores = try outcome.jsonLines()
    #expect(scores.count == lines.count)
    let model = try TinyModel.load()
    for (score, tokens) in zip(scores, tokens) {
      #expect(score.object?.keys == ["logprob", "tokens", "token_logprobs"])
      let values = try #require(score["token_logprobs"]?.array).compactMap(\.double)
      #expect(score["tokens"]?.int == tokens.completion.count)
      #expect(values.count == tokens.completion.count)
      #expect(score["logprob"]?.double == values.reduce(0, +))
      for (value, expected) in zip(values, try logprobs(of: tokens.completion, after: tokens.prompt, model)) {
        #expect(abs(value - expected) < 1e-5)
      }
    }
    let again = try place.reft("score", "--model", "model", "--input", "pairs.jsonl", "--json").succeeded()
    #expect(again.output == outcome.output)
    let plain = try place.reft(
      "score", "--model", "model", "--input", "-", "--no-special", input: lines[0].text
    ).succeeded()
    #expect(try plain.json()["tokens"]?.int == 5)
    #expect(try plain.json()["logprob"] != scores[0]["logprob"])
  }

  private func logprobs(
    of completion: [Int32], after prompt: [Int32], _ model: any LanguageModel
  ) throws -> [Double] {
    let logits = try model.logits(
      model.hidden(TokenBatch(prompts: [prompt + completion]), cache: nil, tap: .none))
    let all = try logits.logSoftmax(along: 1).values(as: Double.self)
    return completion.enumerated().map { i, token in all[(prompt.count + i - 1) * 97 + Int(token)] }
  }

  @Test func `an adapter changes scores, and two of them act in the order given`() throws {
    let place = try Workplace()
    try place.trainLoReFT()
    try place.reft("train", "loreft.yaml", "--output", "other", "--set", "training.seed=7").succeeded()
    try place.write("pairs.jsonl", lines: lines)
    let score = ["score", "--model", "model", "--input", "pairs.jsonl"]
    let outputs = try [[], ["loreft"], ["other"], ["loreft", "other"], ["other", "loreft"]].map { adapters in
      try place.reft(score + adapters.flatMap { ["--adapter", $0] }).succeeded().output
    }
    #expect(Set(outputs).count == outputs.count, "the adapters or their order made no difference")
  }

  @Test func `bad lines name the file and the line`() throws {
    let place = try Workplace()
    let score = ["score", "--model", "model", "--input", "pairs.jsonl"]
    try place.write("pairs.jsonl", "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"a\"}\n")
    try place.refuses(score, saying: ["'completion' is missing", "(pairs.jsonl, line 2)"])
    try place.write("pairs.jsonl", "{\"prompt\": \"a\", \"completion\": \"\"}\n")
    try place.refuses(score, saying: ["the completion is empty", "(pairs.jsonl, line 1)", "fix:"])
    let long = String(repeating: "b", count: 64)
    try place.write("pairs.jsonl", "{\"prompt\": \"a\", \"completion\": \"\(long)\"}\n")
    try place.refuses(
      score,
      saying: ["66 tokens", "context holds 64", "(pairs.jsonl, line 1)", "shorten the text by at least 2 tokens"])
    try place.write("pairs.jsonl", "{\"prompt\": \"\", \"completion\": \"b\"}\n")
    try place.refuses(score + ["--no-special"], saying: ["no token stands before", "(pairs.jsonl, line 1)", "fix:"])
  }
}
