import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// Runs whose blocks are computed again in the backward pass.
@Suite(.engineAlone) struct CheckpointedRuns {
  private let model: any LanguageModel
  init() throws { model = try TinyModel.load() }

  private static let lora = Adapter.Plan(
    method: "lora", settings: ["rank": 2, "dropout": 0.3],
    locations: [Toy.place("all.query@all"), Toy.place("all.mlp_up@all")])
  private static let plans = [Toy.loreft, Toy.dropout, Toy.lofit, Toy.reftR1, lora]

  private func run(_ plan: Adapter.Plan, _ checkpointing: Checkpointing) throws -> (Diary, [[Float]]) {
    let adapter = try Toy.adapter(plan, model)
    var settings = Toy.settings()
    settings.checkpointing = checkpointing
    let trainer = try Trainer(
      model: model, adapter: adapter, training: Toy.examples(12), validation: Toy.examples(3, from: 50),
      settings: settings)
    var diary = Diary()
    _ = try trainer.follow { diary.note($0) }
    return (diary, try adapter.numbers())
  }

  @Test(arguments: plans.indices)
  func `the run is the same, bit for bit`(index: Int) throws {
    try withoutLeaks {
      let (off, on) = (try run(Self.plans[index], .off), try run(Self.plans[index], .on))
      #expect(on.0 == off.0 && on.1 == off.1)
    }
  }

  @Test func `it is done where activations would not fit`() throws {
    let shape = ModelShape(
      layers: 30, hidden: 576, heads: 9, kvHeads: 3, headDim: 64, intermediate: 1536, vocabulary: 49152,
      contextLength: 8192)
    let bytes = Checkpointing.keptBytes(rows: 1000, blocks: 30, shape: shape, elementBytes: 4)
    #expect(bytes == 1000 * 30 * (4 * 576 + 39 * 64 + 4 * 1536) * 4)
    let adapter = try Toy.adapter(Toy.loreft, model)
    #expect(Checkpointing.on.rule(model, adapter)(1) && !Checkpointing.off.rule(model, adapter)(1 << 40))
    let auto = Checkpointing.auto.rule(model, adapter)
    #expect(!auto(10) && auto(1 << 34))
  }
}
