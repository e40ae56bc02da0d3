import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// A run that was saved and resumed is the run that was not.
@Suite(.engineAlone) struct Resuming {
  private let model: any LanguageModel
  private let scratch: ScratchFolder
  init() throws {
    model = try TinyModel.load()
    scratch = try ScratchFolder()
  }

  private static let plans = [Toy.loreft, Toy.dropout, Toy.lofit, Toy.reftR1]
  private let run: JSONObject = ["recipe": "toy", "data": "0123"]

  private func trainer(_ adapter: Adapter, _ settings: TrainingSettings) throws -> Trainer {
    try Trainer(
      model: model, adapter: adapter, training: Toy.examples(10), validation: Toy.examples(4, from: 100, strange: true),
      settings: settings)
  }

  private func resumed(
    _ path: String, _ plan: Adapter.Plan, _ settings: TrainingSettings
  ) throws -> (trainer: Trainer, adapter: Adapter) {
    let saved = try SavedRun(reading: path)
    let adapter = try Toy.adapter(saved, plan, model)
    let trainer = try trainer(adapter, settings)
    try trainer.resume(saved, run: run)
    return (trainer, adapter)
  }

  /// Epochs of 3 steps; the state is saved after every step and after every epoch.
  @Test(arguments: Resuming.plans.indices, [nil, 1] as [Int?])
  func `from any moment the rest of the run is the same, bit for bit`(plan: Int, patience: Int?) throws {
    try withoutLeaks {
      let plan = Self.plans[plan]
      let settings = Toy.settings(epochs: 4, learningRate: 0.2, patience: patience)
      let adapter = try Toy.adapter(plan, model)
      let whole = try trainer(adapter, settings)
      var diary = Diary()
      var before: [Diary] = []
      let ending = try whole.follow {
        diary.note($0)
        before.append(diary)
        try whole.save(to: scratch("after-\(before.count)"), run: run)
      }
      let expected = try adapter.numbers()
      #expect(ending == (patience == nil ? .finished : .patienceExhausted))
      #expect(diary.bests.contains(true) && diary.bests.contains(false), "\(diary.validationLosses)")

      for (i, past) in before.enumerated() {
        let (trainer, adapter) = try resumed(scratch("after-\(i + 1)"), plan, settings)
        var rest = Diary()
        #expect(try trainer.follow { rest.note($0) } == ending, "after event \(i + 1)")
        #expect(past + rest == diary, "after event \(i + 1)")
        #expect(try adapter.numbers() == expected, "after event \(i + 1)")
      }
    }
  }

  @Test(arguments: Resuming.plans.indices)
  func `what is saved, resumed and saved again is the same state`(plan: Int) throws {
    let (plan, settings) = (Self.plans[plan], Toy.settings())
    let whole = try trainer(Toy.adapter(plan, model), settings)
    var steps = 0
    _ = try whole.run(shouldStop: { steps == 4 }) { if case .step = $0 { steps += 1 } }
    try whole.save(to: scratch("one"), run: run)
    try resumed(scratch("one"), plan, settings).trainer.save(to: scratch("two"), run: run)
    for name in ["adapter.json", "adapter.safetensors"] {
      var bytes: [UInt8] = []
      try scratch.change("one/\(name)") { bytes = $0 }
      try scratch.change("two/\(name)") { #expect($0 == bytes, "\(name)") }
    }
  }

  @Test func `a resumed run may be interrupted and resumed again`() throws {
    let settings = Toy.settings()
    let adapter = try Toy.adapter(Toy.dropout, model)
    var expected = Diary()
    _ = try trainer(adapter, settings).follow { expected.note($0) }

    var diary = Diary()
    let start = try Toy.adapter(Toy.dropout, model)
    var current = (trainer: try trainer(start, settings), adapter: start)
    var ending = Trainer.Ending.interrupted
    while ending == .interrupted {
      let stop = diary.losses.count + 2
      ending = try current.trainer.run(shouldStop: { diary.losses.count >= stop }) { diary.note($0) }
      try current.trainer.save(to: scratch("run"), run: run)
      if ending == .interrupted { current = try resumed(scratch("run"), Toy.dropout, settings) }
    }
    #expect(diary == expected)
    #expect(try current.adapter.numbers() == adapter.numbers())
  }

  private func saved(_ settings: TrainingSettings) throws -> String {
    let trainer = try trainer(Toy.adapter(Toy.loreft, model), settings)
    var steps = 0
    _ = try trainer.run(shouldStop: { steps == 2 }) { _ in steps += 1 }
    try trainer.save(to: scratch("run"), run: run)
    return scratch("run")
  }

  @Test func `other settings are refused by name`() throws {
    let path = try saved(Toy.settings())
    let changes: [(String, (inout TrainingSettings) -> Void)] = [
      ("epochs is 3 there and 4 here", { $0.epochs = 4 }), ("batch_size is 4 there and 2 here", { $0.batchSize = 2 }),
      ("accumulation is 1 there and 2 here", { $0.accumulation = 2 }),
      ("learning_rate is 0.02 there and 0.03 here", { $0.learningRate = 0.03 }),
      ("schedule is \"linear\" there and \"cosine\" here", { $0.schedule = .cosine }),
      ("gradient_clip is 1.0 there and null here", { $0.gradientClip = nil }),
      ("seed is 42 there and 43 here", { $0.seed = 43 }), ("patience is null there and 3 here", { $0.patience = 3 }),
      ("l1 is 0.0 there and 0.1 here", { $0.l1 = 0.1 }),
    ]
    for (difference, change) in changes {
      var settings = Toy.settings()
      change(&settings)
      let error = try thrown(TrainingError.self) { _ = try resumed(path, Toy.loreft, settings) }
      #expect(error == .otherRun(difference: "settings.\(difference)", source: path))
      #expect(error.description.contains(path) && error.description.contains("fix: resume with the recipe"))
    }
  }

  @Test func `another run is refused by name`() throws {
    let path = try saved(Toy.settings())
    let state = try SavedRun(reading: path)
    let trainer = try trainer(Toy.adapter(state, Toy.loreft, model), Toy.settings())
    let others: [(JSONObject, String)] = [
      (["recipe": "toy", "data": "4567"], "run.data is \"0123\" there and \"4567\" here"),
      (["recipe": "toy"], "run.data is \"0123\" there and absent here"),
      (["recipe": "toy", "data": "0123", "more": 1], "run.more is absent there and 1 here"),
    ]
    for (other, difference) in others {
      expect(TrainingError.otherRun(difference: difference, source: path)) { try trainer.resume(state, run: other) }
    }
    try trainer.resume(state, run: run)
  }

  @Test func `a state that was cut off is an error that names the file`() throws {
    let path = try saved(Toy.settings())
    try scratch.change("run/adapter.safetensors") { $0.removeLast(10) }
    let error = try thrown(CheckpointError.self) { _ = try SavedRun(reading: path) }
    #expect(error.description.contains(path + "/adapter.safetensors") && error.description.contains("cut off"))
  }

  @Test func `an adapter is no state of a run, and says so`() throws {
    let adapter = try Toy.adapter(Toy.loreft, model)
    try adapter.save(
      to: scratch("adapter"),
      AdapterDescription(
        plan: adapter.plan, base: TinyModel.base(), parameterCount: adapter.parameterCount, seed: 1))
    let error = try thrown(TrainingError.self) { _ = try SavedRun(reading: scratch("adapter")) }
    #expect(error == .notAState(found: "swift-reft adapter", source: scratch("adapter")))
    #expect(error.description.contains(scratch("adapter")))
    expect(CheckpointError.notFound(path: scratch("none"), expected: "adapter folder")) {
      _ = try SavedRun(reading: scratch("none"))
    }
  }

  @Test func `saving again replaces the state and leaves nothing else behind`() throws {
    let path = try saved(Toy.settings())
    let first = try SavedRun(reading: path).adapterTensors.map { try $0.tensor.values(as: Float.self) }
    _ = try saved(Toy.settings(learningRate: 0.1))
    #expect(try SavedRun(reading: path).adapterTensors.map { try $0.tensor.values(as: Float.self) } != first)
    #expect(try scratch.names == ["run"])
  }
}
