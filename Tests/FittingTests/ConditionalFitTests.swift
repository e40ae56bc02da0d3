import Fitting
import Interventions
import JSON
import LanguageModels
import Tasks
import Tensors
import Tokenization
import Testing
import _TestSupport

@Suite(.engineAlone) struct ConditionalFitTests {
  @Test func `the threshold between two kinds is found, on either side`() throws {
    let vector = try Tensor([Float(1)])
    let candidates = (0..<3).map { Condition(layer: $0, vector: vector, threshold: 0) }
    let labels = [true, true, false, false]
    let found = try ConditionSearch.ranked(
      candidates,
      similarities: [[0.1, 0.5, 0.4, 0.2], [0.1, 0.2, 0.6, 0.9], [0.8, 0.5, 0.4, 0.1]], labels: labels)
    #expect(found.map(\.condition.layer) == [1, 2, 0])
    #expect(found[0].f1 == 1 && found[0].condition.side == .below && abs(found[0].condition.threshold - 0.4) < 1e-12)
    #expect(found[1].f1 == 1 && found[1].condition.side == .above && abs(found[1].margin - 0.05) < 1e-12)
    #expect(found[2].f1 < 1)
    expect(FittingError.oneClass(label: true, count: 2)) {
      _ = try ConditionSearch.ranked(candidates, similarities: [[1, 2], [1, 2], [1, 2]], labels: [true, true])
    }
  }

  @Test func `a conditional adapter is saved with its condition and fires on the prompts it was fitted for`() throws {
    let subject = try RepEGolden()
    // Prompts of two kinds: half of them end with the same word, twice.
    let prompts = subject.texts.enumerated().map { $1 + ($0 % 2 == 0 ? [10, 10] : []) }
    let all = Array(prompts.indices)
    let data = LabelledActivations(
      try ActivationCollector(subject.model).collect(prompts, at: subject.sites),
      labels: all.map { $0 % 2 == 0 }, groups: all, arePaired: false)
    let found = try ConditionalFit(data).conditions(
      of: all, kind: .meanDifference, reading: .last, using: RandomSource(seed: 1))
    let best = try #require(found.first)
    #expect(best.f1 > 0.8)
    let adapter = try ConditionalFit.adapter(
      subject.directions(), when: best.condition, settings: ["coefficient": 2.5], for: subject.model)
    let again = try Adapter(
      adapter.plan, of: InterventionRegistry.standard.method("conditional"), for: subject.model,
      restoring: adapter.saved(), source: "saved")
    let fired = try #require(again.condition).fires(on: prompts, model: subject.model)
    // What fires is what the search counted.
    let hits = zip(fired, data.labels).count { $0 && $1 }
    let wrong = zip(fired, data.labels).count { $0 != $1 }
    #expect(abs(Double(2 * hits) / Double(2 * hits + wrong) - best.f1) < 1e-12)
    #expect(try #require(adapter.condition).fires(on: prompts, model: subject.model) == fired)
    #expect(again.condition?.layer == best.condition.layer)
  }

  @Test func `layers above a condition are not computed`() throws {
    let subject = try RepEGolden()
    let counter = Recorder()
    let batch = TokenBatch(prompts: [subject.texts[0]])
    var tap = Tap.none
    tap.place(counter, at: Site(layer: 2, component: .blockInput), on: .all)
    tap.lastLayer = 1
    _ = try withoutGradients { try subject.model.hidden(batch, cache: nil, tap: tap) }
    #expect(counter.activations.isEmpty)
    tap.lastLayer = 2
    _ = try withoutGradients { try subject.model.hidden(batch, cache: nil, tap: tap) }
    #expect(counter.activations.count == 1)
  }

  @Test func `a condition layer that the model does not have is refused`() throws {
    let model = try TinyModel.load()
    let error = try thrown(AdapterError.self) {
      _ = try Adapter(
        .init(
          method: "conditional", settings: ["condition_layer": 3],
          locations: Location.list(parsing: "0.block_output@all")),
        of: InterventionRegistry.standard.method("conditional"), for: model, using: RandomSource(seed: 1))
    }
    #expect(
      error
        == .setting(
          key: "condition_layer", expected: "below the model's 3 layers", got: "3", method: "conditional"))
  }

  @Test func `held-out texts are scored by what follows their shared beginning`() throws {
    let model = try TinyModel.load()
    let tokenizer = try TinyTokenizer.make()
    let items = [("Q: a A: b", true), ("Q: a A: cd", false), ("alone", true)].enumerated().map {
      Statement(text: $1.0, label: $1.1, group: $0 < 2 ? 0 : 1, source: "item \($0)")
    }
    let statements = Statements(items: items, arePaired: false)
    let scorer = try HeldOutScorer(statements, of: [0, 1, 2], tokenizer: tokenizer, model: model)
    let score = try scorer.score()
    #expect(score.groups == 1 && score.loss > 0 && (0...1).contains(score.mc2))
    // By hand: log p of 'b', and of 'c' and 'd'.
    func logProbability(_ text: String, from first: Int) throws -> Double {
      let ids = tokenizer.encode(text).ids
      let batch = TokenBatch(prompts: [ids])
      let logits = try withoutGradients {
        try model.logits(model.hidden(batch, cache: nil, tap: .none)).logSoftmax(along: 1)
      }
      let values: [Double] = try logits.values()
      return (first..<ids.count).reduce(0) { $0 + values[($1 - 1) * logits.size(1) + Int(ids[$1])] }
    }
    let shared = tokenizer.encode("Q: a A: ").ids.count
    let (a, b) = (try logProbability(items[0].text, from: shared), try logProbability(items[1].text, from: shared))
    #expect(abs(score.loss + a) < 1e-4 && score.mc1 == (a >= b ? 1 : 0))
    expect(FittingError.tooFew(what: "held-out groups with true and false texts", needed: 1, got: 0)) {
      _ = try HeldOutScorer(statements, of: [0, 2], tokenizer: tokenizer, model: model)
    }
  }
}
