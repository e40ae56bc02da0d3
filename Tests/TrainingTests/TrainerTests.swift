import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// Whole runs on a toy task.
@Suite(.engineAlone) struct TrainerRuns {
  private let model: any LanguageModel
  init() throws { model = try TinyModel.load() }

  private func trainer(
    _ adapter: Adapter, _ settings: TrainingSettings = Toy.settings(), training: Int = 18, validation: Int = 0,
    strange: Bool = false
  ) throws -> Trainer {
    try Trainer(
      model: model, adapter: adapter, training: Toy.examples(training),
      validation: Toy.examples(validation, from: 100, strange: strange), settings: settings)
  }

  private func run(
    _ adapter: Adapter, _ settings: TrainingSettings = Toy.settings(), training: Int = 18, validation: Int = 0
  ) throws -> Diary {
    var diary = Diary()
    let trainer = try trainer(adapter, settings, training: training, validation: validation)
    #expect(try trainer.follow { diary.note($0) } == .finished)
    return diary
  }

  @Test(arguments: [Toy.loreft, Toy.dropout, Toy.lofit].indices)
  func `the loss falls`(plan: Int) throws {
    try withoutLeaks {
      let plan = [Toy.loreft, Toy.dropout, Toy.lofit][plan]
      let rate = plan.method == "lofit" ? 0.2 : 2e-2
      let diary = try run(Toy.adapter(plan, model), Toy.settings(epochs: 8, learningRate: rate))
      let (first, last) = (try #require(diary.epochLosses.first), try #require(diary.epochLosses.last))
      #expect(last < 0.7 * first, "\(diary.epochLosses)")
      #expect(diary.epochLosses.count == 8 && diary.losses.count == 8 * 5)
    }
  }

  @Test func `one seed gives one run, bit for bit, and another seed another`() throws {
    func result(_ seed: UInt64) throws -> (Diary, [[Float]]) {
      let adapter = try Toy.adapter(Toy.dropout, model)
      let diary = try run(adapter, Toy.settings(seed: seed), validation: 5)
      return (diary, try adapter.numbers())
    }
    let (one, same, other) = (try result(1), try result(1), try result(2))
    #expect(one.0 == same.0 && one.1 == same.1)
    #expect(one.0.losses != other.0.losses && one.1 != other.1)
  }

  @Test func `the model is not touched by training`() throws {
    let batch = TokenBatch(prompts: [[1, 2, 3, 4, 5]])
    func scores() throws -> [Float] { try model.logits(model.hidden(batch, cache: nil, tap: .none)).values() }
    let before = try scores()
    _ = try run(Toy.adapter(Toy.loreft, model))
    #expect(try scores() == before)
  }

  @Test func `every example is seen once an epoch, in another order each time`() throws {
    let adapter = try Toy.adapter(Toy.lofit, model)
    var tokens: [Int] = []
    let trainer = try trainer(adapter, Toy.settings(epochs: 2, batchSize: 1))
    _ = try trainer.follow { if case .step(let step) = $0 { tokens.append(step.tokens) } }
    let expected = Toy.examples(18).map { $0.tokens.count - 1 }.sorted()
    #expect(tokens.prefix(18).sorted() == expected && tokens.suffix(18).sorted() == expected)
    #expect(Array(tokens.prefix(18)) != Array(tokens.suffix(18)))
  }

  @Test func `steps are counted from one, epochs as fractions`() throws {
    var steps: [StepMetrics] = []
    let trainer = try trainer(Toy.adapter(Toy.loreft, model))
    _ = try trainer.follow { if case .step(let step) = $0 { steps.append(step) } }
    #expect(trainer.stepsPerEpoch == 5 && trainer.totalSteps == 15)
    #expect(steps.map(\.step) == Array(1...15))
    #expect(steps.allSatisfy { $0.totalSteps == 15 && $0.tokensPerSecond > 0 })
    #expect(steps.map(\.epoch) == (1...15).map { Double($0) / 5 })
  }

  /// The gradient is the same sum in another order: measured 1.3e-7 relative over a whole run.
  @Test(arguments: [1, 8, 15])
  func `a token budget changes nothing but rounding`(budget: Int) throws {
    let whole = try Toy.adapter(Toy.loreft, model)
    let pieces = try Toy.adapter(Toy.loreft, model)
    let expected = try run(whole)
    let got = try run(pieces, Toy.settings(microBatchTokens: budget))
    expectClose(got, expected)
    #expect(MicroBatch.split(Toy.examples(4), budget: budget).count > 1)
  }

  @Test func `accumulation is a larger batch`() throws {
    let expected = try run(Toy.adapter(Toy.loreft, model), Toy.settings(batchSize: 4))
    let got = try run(Toy.adapter(Toy.loreft, model), Toy.settings(batchSize: 2, accumulation: 2))
    #expect(got == expected)
    let other = try run(Toy.adapter(Toy.loreft, model), Toy.settings(batchSize: 2))
    #expect(other.losses.count == 27 && got.losses.count == 15)
  }

  private func expectClose(_ got: Diary, _ expected: Diary, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(got.losses.count == expected.losses.count, sourceLocation: sourceLocation)
    let gap = zip(got.losses, expected.losses).reduce(0.0) { max($0, abs($1.0 - $1.1) / $1.1) }
    #expect(gap < 1e-6, sourceLocation: sourceLocation)
  }

  @Test func `l1 pulls the scales towards zero`() throws {
    func size(_ l1: Double) throws -> Double {
      let adapter = try Toy.adapter(Toy.lofit, model)
      var settings = Toy.settings(epochs: 6)
      settings.l1 = l1
      _ = try run(adapter, settings)
      return try adapter.numbers().joined().reduce(0) { $0 + abs(Double($1)) }
    }
    let sizes = [try size(0), try size(5e-3), try size(0.5)]
    #expect(sizes[0] > 1.1 * sizes[1] && sizes[1] > 2 * sizes[2], "\(sizes)")
  }

  @Test func `the reported loss is without the l1 term`() throws {
    var settings = Toy.settings(epochs: 1)
    let plain = try run(Toy.adapter(Toy.lofit, model), settings)
    settings.l1 = 100
    let penalised = try run(Toy.adapter(Toy.lofit, model), settings)
    #expect(penalised.losses[0] == plain.losses[0] && penalised.norms[0] > 10 * plain.norms[0])
  }

  @Test func `a run that is interrupted says so, and goes on where it stood`() throws {
    let expected = try run(Toy.adapter(Toy.loreft, model))
    var diary = Diary()
    let trainer = try trainer(Toy.adapter(Toy.loreft, model))
    var endings: [Trainer.Ending] = []
    for limit in [0, 3, 5, 100] {
      endings.append(try trainer.run(shouldStop: { diary.losses.count >= limit }) { diary.note($0) })
    }
    #expect(endings == [.interrupted, .interrupted, .interrupted, .finished])
    #expect(diary == expected)
  }

  @Test func `an error of the listener ends the run`() throws {
    struct Full: Error {}
    let trainer = try trainer(Toy.adapter(Toy.loreft, model))
    #expect(throws: Full.self) { _ = try trainer.follow { _ in throw Full() } }
  }

  @Test func `the best epoch is what remains`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    let trainer = try trainer(
      adapter, Toy.settings(epochs: 8, learningRate: 0.1), validation: 7, strange: true)
    var diary = Diary()
    var states: [[[Float]]] = []
    _ = try trainer.follow {
      diary.note($0)
      if case .epoch = $0 { states.append(try adapter.numbers()) }
    }
    let losses = diary.validationLosses.compactMap { $0 }
    let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
    try #require(best < 7, "the test needs a run that gets worse: \(losses)")
    #expect(try adapter.numbers() == states[best])
    #expect(try trainer.meanLoss(Toy.examples(7, from: 100, strange: true)) == losses[best])
    // Each epoch is the best that is better than all before.
    let bests = losses.indices.map { i in losses[..<i].allSatisfy { losses[i] < $0 } }
    #expect(diary.bests == bests)
  }

  @Test func `without validation the last epoch remains`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    var last: [[Float]] = []
    _ = try trainer(adapter, Toy.settings(learningRate: 0.3)).follow { _ in last = try adapter.numbers() }
    #expect(try adapter.numbers() == last)
  }

  @Test func `patience ends a run that gets no better`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    var diary = Diary()
    let settings = Toy.settings(epochs: 50, learningRate: 0.1, patience: 2)
    let ending = try trainer(adapter, settings, validation: 7, strange: true).follow { diary.note($0) }
    #expect(ending == .patienceExhausted)
    #expect(diary.bests.suffix(3) == [true, false, false] && diary.bests.count < 50)
    let losses = diary.validationLosses.compactMap { $0 }
    let kept = try trainer(adapter, settings).meanLoss(Toy.examples(7, from: 100, strange: true))
    #expect(kept == losses.min())
  }

  @Test func `warm-up is rounded up as transformers does`() throws {
    // 15 steps: 0.1 of them are 1.5, so two steps rise from zero and the peak comes with the third.
    let rates = try run(Toy.adapter(Toy.loreft, model)).rates
    #expect(rates[0] == 0 && rates[1] == 2e-2 / 2 && rates[2] == 2e-2)
    #expect(rates[3] == 2e-2 * (12.0 / 13.0) && rates[14] == 2e-2 * (1.0 / 13.0))
  }
}

/// What cannot be trained, and what goes wrong on the way.
@Suite(.engineAlone) struct TrainerErrors {
  private let model: any LanguageModel
  init() throws { model = try TinyModel.load() }

  private func trainer(
    _ adapter: Adapter, _ settings: TrainingSettings = Toy.settings(), training: [TrainingExample] = Toy.examples(8),
    validation: [TrainingExample] = []
  ) throws -> Trainer {
    try Trainer(model: model, adapter: adapter, training: training, validation: validation, settings: settings)
  }

  @Test func `no examples are an error`() throws {
    let error = try thrown(TrainingError.self) { _ = try trainer(Toy.adapter(Toy.loreft, model), training: []) }
    #expect(error == .noExamples)
    #expect(error.description.contains("data.train"))
  }

  @Test func `locations that edit nothing of any example are an error`() throws {
    let text = TrainingExample(tokens: [1, 2, 3], promptLength: 0, source: "a")
    let error = try thrown(TrainingError.self) { _ = try trainer(Toy.adapter(Toy.loreft, model), training: [text]) }
    #expect(error == .nothingEdited(locations: "all.block_output@f2+l2"))
    #expect(error.description.contains("@all"))
    // One example with a prompt is enough, and @all needs none.
    _ = try trainer(Toy.adapter(Toy.loreft, model), training: [text, Toy.examples(1)[0]])
    _ = try trainer(Toy.adapter(Toy.lofit, model), training: [text])
  }

  @Test func `an example that no edit reaches is learned from none the less`() throws {
    let text = TrainingExample(tokens: [1, 2, 3], promptLength: 0, source: "a")
    var diary = Diary()
    let trainer = try trainer(
      Toy.adapter(Toy.loreft, model), Toy.settings(epochs: 1, batchSize: 2), training: [text, Toy.examples(1)[0]])
    _ = try trainer.follow { diary.note($0) }
    #expect(diary.losses.count == 1 && diary.norms[0] > 0)
  }

  @Test func `a batch of which nothing is edited is a step that changes nothing`() throws {
    let text = TrainingExample(tokens: [1, 2, 3], promptLength: 0, source: "a")
    var norms: [Double] = []
    let trainer = try trainer(
      Toy.adapter(Toy.loreft, model), Toy.settings(epochs: 1, batchSize: 1), training: [text, Toy.examples(1)[0]])
    _ = try trainer.follow { if case .step(let step) = $0 { norms.append(step.gradientNorm) } }
    #expect(norms.contains(0) && norms.contains { $0 > 0 })
  }

  @Test func `a loss that is not a number stops with step, examples and remedy`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    let trainer = try trainer(adapter, Toy.settings(epochs: 2))
    var steps = 0
    let error = try thrown(TrainingError.self) {
      _ = try trainer.follow {
        guard case .step = $0 else { return }
        steps += 1
        if steps == 2, let weight = adapter.parameters.first(where: { $0.name.hasSuffix("weight") }) {
          try weight.tensor.assign(Tensor.full(weight.tensor.shape, value: .infinity))
        }
      }
    }
    guard case .diverged(let name, 2) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(name.hasSuffix("weight"))
  }

  @Test func `a loss that is not a number in mid-epoch names step and examples`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    let trainer = try trainer(adapter, Toy.settings(epochs: 1), training: Toy.examples(12))
    let error = try thrown(TrainingError.self) {
      _ = try trainer.follow {
        guard case .step(let step) = $0, step.step == 1 else { return }
        let weight = try #require(adapter.parameters.first { $0.name.hasSuffix("weight") }).tensor
        try weight.assign(Tensor.full(weight.shape, value: .infinity))
      }
    }
    guard case .notFinite(let loss, 2, let examples) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(!loss.isFinite && examples.count == 4)
    #expect(examples.allSatisfy { $0.hasPrefix("toy.jsonl, line ") })
    #expect(error.description.contains("at step 2") && error.description.contains("toy.jsonl, line "))
    #expect(error.description.contains("lower training.learning_rate"))
  }

  @Test func `an absurd learning rate is an error, not an adapter`() throws {
    for validation in [[], Toy.examples(3, from: 50)] {
      let trainer = try trainer(
        Toy.adapter(Toy.loreft, model), Toy.settings(epochs: 3, learningRate: 1e36), validation: validation)
      let error = try thrown(TrainingError.self) { _ = try trainer.run() }
      switch error {
      case .notFinite, .diverged: #expect(error.description.contains("lower training.learning_rate"))
      default: Issue.record("\(error)")
      }
    }
  }

  @Test func `numbers that no run can be made with are errors that name the key`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    let cases: [(String, (inout TrainingSettings) -> Void)] = [
      ("epochs", { $0.epochs = 0 }), ("epochs", { $0.epochs = .max }), ("batch_size", { $0.batchSize = 0 }),
      ("batch_size", { $0.batchSize = .max }), ("accumulation", { $0.accumulation = -1 }),
      ("accumulation", { $0.accumulation = .max }), ("learning_rate", { $0.learningRate = 0 }),
      ("learning_rate", { $0.learningRate = .nan }), ("learning_rate", { $0.learningRate = .infinity }),
      ("warmup_ratio", { $0.warmupRatio = 1.5 }), ("warmup_ratio", { $0.warmupRatio = .nan }),
      ("weight_decay", { $0.weightDecay = -1 }), ("beta1", { $0.beta1 = 1 }), ("beta2", { $0.beta2 = -0.1 }),
      ("epsilon", { $0.epsilon = 0 }), ("l1", { $0.l1 = -1 }), ("gradient_clip", { $0.gradientClip = 0 }),
      ("patience", { $0.patience = 0 }),
    ]
    for (key, change) in cases {
      var settings = Toy.settings()
      change(&settings)
      let error = try thrown(TrainingError.self) { _ = try trainer(adapter, settings) }
      guard case .setting(key, _, _) = error else {
        Issue.record("\(key): \(error)")
        continue
      }
      #expect(error.description.contains("training.\(key)"))
    }
  }
}

/// Splitting a batch into pieces, and the schedules' corners.
struct TrainingArithmetic {
  @Test func `pieces hold every example once, longest first, and at most the budget`() {
    let examples = Toy.examples(23)
    for budget in [-1, 0, 1, 5, 8, 20, 1000] {
      let pieces = MicroBatch.split(examples, budget: budget)
      #expect(pieces.joined().map(\.source).sorted() == examples.map(\.source).sorted())
      let lengths = pieces.joined().map(\.tokens.count)
      #expect(lengths == lengths.sorted(by: >))
      for piece in pieces {
        let tokens = piece.reduce(0) { $0 + $1.tokens.count - 1 }
        #expect(tokens <= budget || piece.count == 1, "budget \(budget): \(tokens)")
      }
      #expect(MicroBatch.split(examples, budget: budget) == pieces)
    }
    #expect(MicroBatch.split(examples, budget: 1000).count == 1)
    #expect(MicroBatch.split(examples, budget: 1).count == 23)
    #expect(MicroBatch.split([], budget: 10).isEmpty)
  }

  @Test(arguments: Schedule.allCases)
  func `a schedule rises from zero to one over the warm-up and never leaves zero to one`(schedule: Schedule) {
    for total in 1...20 {
      for warmup in 0...total {
        let factors = (0..<total).map { schedule.factor(step: $0, warmup: warmup, total: total) }
        #expect(factors.allSatisfy { (0...1).contains($0) })
        for step in 0..<warmup { #expect(factors[step] == Double(step) / Double(warmup)) }
        if warmup < total { #expect(factors[warmup] == 1) }
        #expect(Array(factors[warmup...]) == factors[warmup...].sorted(by: >))
      }
    }
  }

  @Test func `a schedule ends at zero, or stays`() {
    #expect(Schedule.linear.factor(step: 10, warmup: 2, total: 10) == 0)
    #expect(Schedule.linear.factor(step: 11, warmup: 2, total: 10) == 0)
    #expect(abs(Schedule.cosine.factor(step: 10, warmup: 2, total: 10)) < 1e-15)
    #expect(Schedule.constant.factor(step: 10, warmup: 2, total: 10) == 1)
    #expect(Schedule.linear.factor(step: 6, warmup: 2, total: 10) == 0.5)
    #expect(abs(Schedule.cosine.factor(step: 6, warmup: 2, total: 10) - 0.5) < 1e-15)
  }
}
