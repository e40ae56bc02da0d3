import Foundation
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// Activations below the lowest edit, computed once and kept: the run is the one that computes them in every epoch.
@Suite(.engineAlone) struct KeptTrunk {
  private let model: any LanguageModel
  init() throws { model = try TinyModel.load() }

  private static func plan(_ method: String, _ location: String, _ settings: JSONObject = [:]) -> Adapter.Plan {
    Adapter.Plan(method: method, settings: settings, locations: [Toy.place(location)])
  }

  /// Lowest edits at every kind of place, with and without dropout.
  private static let plans = [
    plan("lofit", "1.head_attention_value_output[0,2]@all"), plan("loreft", "all.block_output@f2+l2", ["rank": 2]),
    plan("loreft", "1.block_input@f1|l2", ["rank": 2, "dropout": 0.2]), plan("lora", "1.query@all", ["dropout": 0.3]),
    plan("red", "1.mlp_output@all"), Toy.reftR1,
  ]

  private func settings(_ caching: TrunkCaching, epochs: Int = 4, batchSize: Int = 4) -> TrainingSettings {
    var settings = Toy.settings(epochs: epochs, batchSize: batchSize)
    settings.cacheTrunk = caching
    return settings
  }

  private func run(
    _ plan: Adapter.Plan, _ settings: TrainingSettings, on beneath: [Adapter.Plan] = [],
    of model: (any LanguageModel)? = nil
  ) throws -> (diary: Diary, numbers: [[Float]]) {
    let model = model ?? self.model
    let adapter = try Toy.adapter(plan, model)
    let lower = try beneath.map { plan in
      let adapter = try Toy.adapter(plan, model, seed: 3)
      try adapter.freeze()
      return try AdapterUse(adapter)
    }
    let trainer = try Trainer(
      model: model, adapter: adapter, training: Toy.examples(12), validation: Toy.examples(4, from: 50),
      settings: settings, objective: CompletionObjective(model: model, adapters: TrainedAdapters(adapter, on: lower)))
    var diary = Diary()
    #expect(try trainer.follow { diary.note($0) } == .finished)
    return (diary, try adapter.numbers())
  }

  private func gap(_ a: Diary, _ b: Diary) -> Double {
    zip(a.losses + a.validationLosses.compactMap { $0 }, b.losses + b.validationLosses.compactMap { $0 })
      .reduce(0) { max($0, abs($1.0 - $1.1) / abs($1.1)) }
  }

  /// Only the rounding of products of other shapes differs: at most 1e-6 of a loss over a run; no edit at all is 1e-2 away.
  @Test(arguments: plans.indices)
  func `a run with a kept trunk is the run without, in memory and on disk`(index: Int) throws {
    try withoutLeaks {
      let plan = Self.plans[index]
      let plain = try run(plan, settings(.off))
      let memory = try run(plan, settings(.memory))
      #expect(gap(memory.diary, plain.diary) < 2e-6, "\(gap(memory.diary, plain.diary))")
      #expect(memory.diary.losses.count == 12)
      let disk = try run(plan, settings(.disk))
      #expect(disk.diary == memory.diary && disk.numbers == memory.numbers)
      let auto = try run(plan, settings(.auto))
      #expect(auto.diary == memory.diary && auto.numbers == memory.numbers)
    }
  }

  /// One batch of all examples, whose lengths differ, is packed in the same order in both runs.
  @Test(arguments: plans.indices)
  func `with the same packing it is the same run, bit for bit`(index: Int) throws {
    func run(_ caching: TrunkCaching) throws -> (Diary, [[Float]]) {
      let adapter = try Toy.adapter(Self.plans[index], model)
      let examples = (0..<6).map { i in
        TrainingExample(
          tokens: (0..<Int32(4 + i)).map { ($0 * 7 + Int32(i)) % 90 + 3 }, promptLength: 3, source: "line \(i)")
      }
      let trainer = try Trainer(
        model: model, adapter: adapter, training: examples, settings: settings(caching, batchSize: 6))
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      return (diary, try adapter.numbers())
    }
    let (plain, kept) = (try run(.off), try run(.memory))
    #expect(plain.0 == kept.0 && plain.1 == kept.1)
  }

  @Test func `frozen adapters are part of the trunk where they lie below, and act where they do not`() throws {
    let beneath = [
      Self.plan("lora", "0.value@all"), Self.plan("loreft", "all.block_output@f1+l1", ["rank": 1]),
    ]
    let plain = try run(Self.plans[0], settings(.off), on: beneath)
    let kept = try run(Self.plans[0], settings(.memory), on: beneath)
    #expect(gap(kept.diary, plain.diary) < 2e-6)
    let without = try run(Self.plans[0], settings(.memory))
    #expect(gap(without.diary, plain.diary) > 1e-4)
  }

  /// Examples with a beginning in common: above the trunk it is computed once a step, from the rows that are kept of its first owner.
  @Test func `what is kept and what is shared go together`() throws {
    let beginning: [Int32] = [5, 9, 31, 4, 60]
    let examples = (0..<6).map { (i: Int) -> TrainingExample in
      let end = (0..<1 + i).map { Int32(($0 * 7 + i) % 90 + 3) }
      return TrainingExample(tokens: beginning + end, promptLength: 5, source: "line \(i)")
    }
    func run(_ caching: TrunkCaching, _ model: CountingModel) throws -> (Diary, [[Float]]) {
      let adapter = try Toy.adapter(Self.plans[0], model)
      let trainer = try Trainer(
        model: model, adapter: adapter, training: examples, settings: settings(caching, batchSize: 6))
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      return (diary, try adapter.numbers())
    }
    let (plain, kept) = (CountingModel(model, takesBranches: true), CountingModel(model, takesBranches: true))
    let (a, b) = (try run(.off, plain), try run(.memory, kept))
    #expect(gap(a.0, b.0) < 2e-6)
    // Each row that is computed without the trunk is computed above it, and each text was below once.
    let rows = examples.reduce(0) { $0 + $1.tokens.count - 1 }
    #expect(kept.above == plain.whole && plain.whole < 4 * rows && kept.whole == 0 && kept.below == rows)
  }

  @Test func `every text goes through the trunk once, whatever the epochs`() throws {
    let counting = CountingModel(model)
    _ = try run(Self.plans[0], settings(.memory, epochs: 3), of: counting)
    let (training, validation) = (Toy.examples(12), Toy.examples(4, from: 50))
    let rows = (training + validation).reduce(0) { $0 + $1.tokens.count - 1 }
    let plan = try trunkPlan(.memory)
    #expect(counting.whole == 0 && counting.above == 3 * rows)
    #expect(counting.below == plan?.rows && counting.below <= rows)
    let other = CountingModel(model)
    _ = try run(Self.plans[0], settings(.off, epochs: 3), of: other)
    #expect(other.whole == 3 * rows && other.below == 0 && other.above == 0)
  }

  @Test func `two examples with the same tokens share their rows, with another prompt they do not`() throws {
    let tokens: [Int32] = [5, 6, 7, 8, 9]
    let examples = [(tokens, 2), (tokens, 2), (tokens, 3)].map {
      TrainingExample(tokens: $0.0, promptLength: $0.1, source: "")
    }
    let objective = CompletionObjective(model: model, adapter: try Toy.adapter(Self.plans[0], model))
    let texts = Trunk.distinct([examples.flatMap(objective.sequences), examples.flatMap(objective.sequences)])
    #expect(texts.map(\.count) == [2, 0])
  }

  @Test func `a contrast of prompts is read from a kept trunk too`() throws {
    func text(_ seed: Int32, _ count: Int) -> TrainingExample.Contrast.Text {
      .init(tokens: (0..<Int32(count)).map { ($0 * 5 + seed) % 90 + 3 } + [11, 12], promptLength: count)
    }
    let examples = (0..<Int32(6)).map { i in
      let own = text(i, 4)
      return TrainingExample(
        tokens: own.tokens, promptLength: own.promptLength,
        contrast: .init(positive: text(i + 20, 5), negative: text(i + 40, 3)), source: "line \(i)")
    }
    func run(_ caching: TrunkCaching, layers: [Int]) throws -> Diary {
      let adapter = try Toy.adapter(Self.plan("lora", "1.value@all", ["rank": 2]), model)
      let objective = RepresentationObjective(
        model: model, adapters: TrainedAdapters(adapter), layers: layers, alpha: 2)
      let trainer = try Trainer(
        model: model, adapter: adapter, training: examples, settings: settings(caching), objective: objective)
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      return diary
    }
    // Layer 0 lies below the edit: what is compared there is read behind the trunk all the same.
    for layers in [[1], [0, 1]] {
      let (plain, kept) = (try run(.off, layers: layers), try run(.memory, layers: layers))
      #expect(gap(kept, plain) < 2e-5, "\(gap(kept, plain))")
    }
  }

  private func trunkPlan(
    _ caching: TrunkCaching, _ plan: Adapter.Plan? = nil, epochs: Int = 4
  ) throws -> TrunkPlan? {
    try Trainer(
      model: model, adapter: Toy.adapter(plan ?? Self.plans[0], model), training: Toy.examples(12),
      validation: Toy.examples(4, from: 50), settings: settings(caching, epochs: epochs)
    ).trunk
  }

  @Test func `the plan says what it takes`() throws {
    let plan = try #require(try trunkPlan(.auto))
    let d = model.shape.hidden
    #expect(plan.site == Site(layer: 1, component: .blockInput) && plan.blocks == 1 && plan.blockCount == 3)
    #expect(plan.bytes == plan.rows * d * 4 && plan.decision == .memory && plan.isKept)
    #expect(
      plan.line.hasPrefix(
        "1 of 3 blocks lie below the lowest edit (1.block_input): kept in memory, \(plan.rows) tokens"))
    #expect(try trunkPlan(.off) == nil)
    #expect(
      try trunkPlan(.auto, epochs: 1)?.decision == TrunkPlan.Decision.none(reason: "one epoch reads every text once"))
    #expect(try trunkPlan(.memory, epochs: 1)?.decision == .memory)
    // Nothing lies below what stands before the texts, or at the first block.
    #expect(try trunkPlan(.memory, Self.plan("lofit", "all.head_attention_value_output@all")) == nil)
    let prefix = Adapter.Plan(
      method: "prefix_tuning", settings: [:], locations: [Toy.place("all.key@all"), Toy.place("all.value@all")])
    #expect(try trunkPlan(.memory, prefix) == nil)
    #expect(try trunkPlan(.memory, Toy.loreft)?.site == Site(layer: 0, component: .blockOutput))
  }

  @Test func `where it is kept follows from what is free`() throws {
    func decision(_ caching: TrunkCaching, memory: Int, disk: Int, share: Double = 0.5) throws -> TrunkPlan.Decision {
      try TrunkPlan.decision(
        caching, bytes: 100, share: share, epochs: 2, memory: memory, disk: disk, folder: "run")
    }
    #expect(try decision(.auto, memory: 400, disk: 0) == .memory)
    #expect(try decision(.auto, memory: 399, disk: 200) == .disk)
    guard case .none = try decision(.auto, memory: 399, disk: 199) else { return #expect(Bool(false)) }
    #expect(try decision(.auto, memory: 400, disk: 0, share: 0.01) == .memory)
    guard case .none = try decision(.auto, memory: 399, disk: 200, share: 0.09) else { return #expect(Bool(false)) }
    #expect(try decision(.memory, memory: 100, disk: 0, share: 0.01) == .memory)
    #expect(try decision(.disk, memory: 0, disk: 100) == .disk)
    #expect(throws: TrainingError.noRoom(bytes: 100, free: 99, place: "memory")) {
      _ = try decision(.memory, memory: 99, disk: 1000)
    }
    #expect(throws: TrainingError.noRoom(bytes: 100, free: 99, place: "run")) {
      _ = try decision(.disk, memory: 1000, disk: 99)
    }
  }

  @Test func `a trunk that is interrupted ends the run, which then begins it again`() throws {
    let counting = CountingModel(model)
    let adapter = try Toy.adapter(Self.plans[0], counting)
    var settings = settings(.memory)
    settings.microBatchTokens = 8
    let trainer = try Trainer(model: counting, adapter: adapter, training: Toy.examples(12), settings: settings)
    var asked = 0
    let stop = {
      asked += 1
      return asked > 2
    }
    #expect(try trainer.run(shouldStop: stop) == .interrupted)
    #expect(counting.below > 0 && counting.above == 0)
    #expect(try trainer.run() == .finished)
    #expect(counting.whole == 0)
  }

  @Test func `nothing is left on disk`() throws {
    let scratch = try ScratchFolder()
    var settings = settings(.disk)
    settings.epochs = 2
    let trainer = try Trainer(
      model: model, adapter: Toy.adapter(Self.plans[0], model), training: Toy.examples(12), settings: settings,
      folder: scratch.path)
    var names: [String] = []
    _ = try trainer.follow { _ in names += try FileManager.default.contentsOfDirectory(atPath: scratch.path) }
    #expect(names.isEmpty)
  }
}
