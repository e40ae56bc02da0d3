import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What is easily wrong with gates that are drawn.
@Suite(.engineAlone) struct JoLATraps {
  private func jola(_ model: any LanguageModel, at place: String = "all.head_attention_value_output") throws -> Adapter
  {
    let adapter = try Adapter(
      .init(method: "jola", settings: ["deviation": 0.5], locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method("jola"), for: model, using: RandomSource(seed: 3))
    return adapter
  }

  private func set(_ name: String, of adapter: Adapter, to value: Double) throws {
    for parameter in adapter.parameters where parameter.name.hasSuffix(name) {
      try parameter.tensor.assign(Tensor.full(parameter.tensor.shape, value: value))
    }
  }

  /// In the repository's example the model stays in training mode, and answers are drawn.
  @Test func `gates are drawn in training alone`() throws {
    let model = try TinyModel.load()
    let adapter = try jola(model)
    let batch = TokenBatch(prompts: [someTokens(8)])
    let inference = try model.scores(batch, adapter)
    #expect(try model.scores(batch, adapter) == inference)
    let random = try RandomSource(seed: 1)
    let drawn = try (0..<3).map { _ in
      try withoutGradients { try model.scores(batch, adapter.tap(for: batch, mode: .training(.init(random: random)))) }
    }
    #expect(Set(drawn + [inference]).count == 4)
  }

  @Test func `a head whose gates are shut is untouched, bit for bit, and one whose gates are open has the whole edit`()
    throws
  {
    let model = try TinyModel.load()
    let adapter = try jola(model)
    let batch = TokenBatch(prompts: [someTokens(8)])
    try set("_gate", of: adapter, to: -4)
    #expect(try model.scores(batch, adapter) == model.scores(batch))
    try set("_gate", of: adapter, to: 4)
    let whole = try Adapter(
      .init(
        method: "lofit", settings: ["part": "both"],
        locations: Location.list(parsing: "all.head_attention_value_output")),
      of: InterventionRegistry.standard.method("lofit"), for: model,
      restoring: adapter.saved().filter { !$0.name.hasSuffix("_gate") }, source: "test")
    #expect(try model.scores(batch, adapter) == model.scores(batch, whole))
    #expect(try model.scores(batch, adapter) != model.scores(batch))
  }

  @Test func `the penalty shuts gates that nothing keeps open`() throws {
    let model = try TinyModel.load()
    let adapter = try jola(model)
    let pass = TrainingPass(random: try RandomSource(seed: 1))
    func open() throws -> Double {
      var sum = 0.0
      for part in adapter.parts { sum += try #require(try part.intervention.penalty(pass)).item() }
      return sum
    }
    let before = try open()
    for part in adapter.parts { try #require(try part.intervention.penalty(pass)).backward() }
    for parameter in adapter.parameters {
      guard parameter.name.hasSuffix("_gate") else {
        #expect(try parameter.tensor.gradient() == nil, "the penalty counts gates, not the size of an edit")
        continue
      }
      let gradient = try #require(try parameter.tensor.gradient())
      #expect(try gradient.values(as: Float.self).allSatisfy { $0 > 0 })
      try parameter.tensor.assign(parameter.tensor.detached() - gradient * 1e5)
    }
    #expect(try open() < before)
  }

  @Test func `heads are ranked by their gates, not by the size of their edits`() throws {
    let model = try TinyModel.load()
    let adapter = try jola(model, at: "1.head_attention_value_output")
    let heads = model.shape.heads
    let gates = (0..<heads).map { Float($0 == 2 ? 1 : -1 - $0) }
    for parameter in adapter.parameters where parameter.name.hasSuffix("_gate") {
      try parameter.tensor.assign(Tensor(gates))
    }
    let ranking = try HeadRanking(of: adapter).heads
    #expect(ranking[0].head == 2 && ranking[0].score > ranking[1].score)
    #expect(ranking.allSatisfy { (0...2).contains($0.score) })
  }
}
