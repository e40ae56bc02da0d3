import Charts
import Evaluation
import Interventions
import JSON
import LanguageModels
import Tasks
import Tensors
import Testing
import TextGeneration
import Tokenization
import _TestSupport

/// A task whose right answers are the first letters that the tiny model happens to write.
private struct LetterTask: BenchmarkTask {
  static let name = "letters"
  static let summary = "for tests"
  let maximumNewTokens = 4
  var stopStrings: [String] = []

  func examples(at path: String) throws(TaskError) -> [TaskExample] { [] }
  func prediction(from generation: String) -> String { String(generation.prefix(1)) }

  static func example(_ prompt: String, _ answer: String) -> TaskExample {
    TaskExample(
      prompt: prompt, references: [answer],
      record: TrainingRecord(.promptResponse(prompt: prompt, response: answer), source: "\(prompt).jsonl, line 1"))
  }
}

@Suite(.engineAlone) struct TaskEvaluatorTests {
  private static let prompts = ["How?", "Where to?", "a", "Nobody knows", "zzz"]

  /// The model's answers, one at a time.
  private func answers(_ model: any LanguageModel, _ tokenizer: Tokenizer, edits: Edits = noEdits) throws -> [String] {
    let generator = Generator(model, tokenizer)
    return try Self.prompts.map {
      try generator.generate([$0], until: StopConditions(endTokens: [1], maximumNewTokens: 4), edits: edits)[0].text
    }
  }

  private func adapter(_ method: String, _ settings: JSONObject, at locations: String, _ model: any LanguageModel)
    throws -> Adapter
  {
    let plan = Adapter.Plan(method: method, settings: settings, locations: try Location.list(parsing: locations))
    let adapter = try Adapter(
      plan, of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 3))
    // A fresh adapter changes nothing or little; move its parameters so that it does.
    let random = try RandomSource(seed: 9)
    for parameter in adapter.parameters {
      try parameter.tensor.assign(random.normal(parameter.tensor.shape, deviation: 2))
    }
    return adapter
  }

  @Test func `score, classes and answers are those of single generations`() throws {
    try withoutLeaks {
      let (model, tokenizer) = (try TinyModel.load(), try TinyTokenizer.make())
      let answers = try answers(model, tokenizer)
      // The first three are right by construction, the others wrong.
      let examples = zip(Self.prompts, answers).enumerated().map { i, pair in
        LetterTask.example(pair.0, i < 3 ? String(pair.1.prefix(1)) : "wrong")
      }
      var progress: [EvaluationProgress] = []
      let report = try TaskEvaluator(
        model, tokenizer, endTokens: [1], limits: BatchLimits(tokens: 16, sequences: 2)
      ).evaluate(LetterTask(), on: examples) { progress.append($0) }

      #expect(report.examples.map(\.generation) == answers)
      #expect(report.examples.map(\.isCorrect) == [true, true, true, false, false])
      #expect((report.correct, report.total) == (3, 5))
      #expect(report.accuracy == 0.6)
      let wrong = try #require(report.classes.first { $0.name == "wrong" })
      #expect((wrong.correct, wrong.total, wrong.accuracy) == (0, 2, 0))
      #expect(report.classes.reduce(0) { $0 + $1.total } == 5)
      #expect(progress.map(\.done) == [1, 2, 3, 4, 5])
      #expect(progress.allSatisfy { $0.total == 5 && $0.rate > 0 })
      #expect(report.promptTokens == Self.prompts.reduce(0) { $0 + $1.count + 1 })
      #expect(report.tokensPerSecond > 0)
    }
  }

  @Test func `several adapters act in their order`() throws {
    try withoutLeaks {
      let (model, tokenizer) = (try TinyModel.load(), try TinyTokenizer.make())
      let first = try adapter("loreft", ["rank": 2], at: "all.block_output@f1+l1", model)
      let second = try adapter("lofit", [:], at: "1.head_attention_value_output[0,2]@all", model)
      let examples = Self.prompts.map { LetterTask.example($0, "x") }
      func generations(_ adapters: [Adapter]) throws -> [String] {
        try TaskEvaluator(model, tokenizer, endTokens: [1], adapters: AdapterRoutes(adapters)).evaluate(
          LetterTask(), on: examples
        )
        .examples.map(\.generation)
      }
      let both = try generations([first, second])
      let expected = try answers(model, tokenizer) { batch throws(TensorError) in
        try first.tap(for: batch).followed(by: second.tap(for: batch))
      }
      #expect(both == expected)
      #expect(try generations([]) == answers(model, tokenizer))
      #expect(try both != generations([]))
      #expect(try both != generations([first]))
    }
  }

  @Test func `the report as JSON has the numbers of the report`() throws {
    let (model, tokenizer) = (try TinyModel.load(), try TinyTokenizer.make())
    let report = try TaskEvaluator(model, tokenizer, endTokens: [1]).evaluate(
      LetterTask(stopStrings: ["\n"]), on: [LetterTask.example("Q", "x")],
      options: SamplingOptions(temperature: 1, topK: 9, seed: .max), maximumNewTokens: 2)
    let json = try JSONReader(
      JSONValue(parsing: JSONValue.object(report.json).text, source: "report"), source: "report")
    #expect(try json.string("task") == "letters")
    #expect(try json.double("accuracy") == report.accuracy)
    #expect(try json.int("total") == 1)
    let decoding = try json.reader("decoding")
    #expect(try decoding.int("top_k") == 9)
    #expect(try decoding.string("seed") == "18446744073709551615")
    #expect(try decoding.int("max_new_tokens") == 2)
    let example = try #require(try json.array("examples").first)
    #expect(example["generation"]?.string == report.examples[0].generation)
    #expect(example["finish"]?.string == "length")
    #expect(report.summary["examples"] == nil)
  }

  @Test func `the page shows the score, every class and the wrong answers first`() throws {
    let (model, tokenizer) = (try TinyModel.load(), try TinyTokenizer.make())
    let answer = String(try answers(model, tokenizer)[0].prefix(1))
    let report = try TaskEvaluator(model, tokenizer, endTokens: [1]).evaluate(
      LetterTask(), on: [LetterTask.example(Self.prompts[0], answer), LetterTask.example("<b>", "wrong & so")])
    #expect(report.classTable.rows.last == ["all", "1", "2", "50.0%"])
    #expect(report.answerTable.rows.map(\.last) == ["no", "yes"])
    let html = report.page(title: "base", answers: 1).html
    for part in ["base", "50.0%", "1 of 2", "&lt;b&gt;", "wrong &amp; so"] { #expect(html.contains(part), "\(part)") }
    #expect(!html.contains(Self.prompts[0]))
  }

  @Test func `no example, and a prompt that is too long, are errors`() throws {
    let (model, tokenizer) = (try TinyModel.load(), try TinyTokenizer.make())
    let evaluator = TaskEvaluator(model, tokenizer, endTokens: [1])
    #expect(throws: EvaluationError.noExamples(task: "letters")) { _ = try evaluator.evaluate(LetterTask(), on: []) }
    let long = String(repeating: "a", count: model.shape.contextLength)
    do {
      _ = try evaluator.evaluate(LetterTask(), on: [LetterTask.example(long, "x")])
      Issue.record("a prompt longer than the context was read")
    } catch {
      #expect("\(error)".contains("line 1"))
    }
  }
}
