import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What goes wrong in mlwu22/RED and in accounts of it, and what happens here instead.
@Suite(.engineAlone) struct REDTraps {
  private func red(_ place: String, _ model: any LanguageModel) throws -> Adapter {
    let adapter = try Adapter(
      .init(method: "red", settings: [:], locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method("red"), for: model, using: RandomSource(seed: 1))
    return adapter
  }

  private func moved(_ place: String, _ model: any LanguageModel) throws -> Adapter {
    let adapter = try red(place, model)
    let random = try RandomSource(seed: 2)
    for parameter in adapter.parameters {
      let noise = try random.normal(parameter.tensor.shape, deviation: 0.3)
      try parameter.tensor.assign(parameter.tensor.detached() + noise)
    }
    return adapter
  }

  /// The ReFT paper describes RED on the residual stream; its code edits what the network adds to it.
  @Test func `the network's output is edited, not the residual stream`() throws {
    let model = try TinyModel.load()
    #expect(RED.defaultLocations == "all.mlp_output@all")
    let batch = TokenBatch(prompts: [someTokens(6)])
    let adapter = try moved("1.mlp_output", model)
    let sites = [Component.attentionOutput, .mlpOutput, .blockOutput].map { Site(layer: 1, component: $0) }
    let plain = try model.recorded(sites, batch, .none)
    let edited = try model.recorded(sites, batch, adapter.tap(for: batch))
    let width = model.shape.hidden
    let s: [Float] = try adapter.parameters[0].tensor.values()
    let b: [Float] = try adapter.parameters[1].tensor.values()
    #expect(edited[0] == plain[0])
    #expect(edited[1] == plain[1].indices.map { plain[1][$0] * s[$0 % width] + b[$0 % width] })
    let change = zip(edited[1], plain[1]).map { $0 - $1 }
    #expect(gap(zip(edited[2], plain[2]).map { $0 - $1 }, change) < 1e-6)
  }

  /// There, scales of Llama are bfloat16: an update of a step of 2e-5 from 1 is none.
  @Test func `a scale moves from one by less than bfloat16 can say`() throws {
    let model = try TinyModel.load()
    let adapter = try red("1.mlp_output", model)
    let scale = adapter.parameters[0].tensor
    #expect(scale.dtype == .float32)
    try scale.assign(scale.detached() + 2e-5)
    let batch = TokenBatch(prompts: [someTokens(6)])
    #expect(try model.scores(batch, adapter) != model.scores(batch))
  }

  @Test func `generated tokens are edited like those of the prompt`() throws {
    let model = try TinyModel.load()
    #expect(try red(RED.defaultLocations, model).editedPositions(promptLength: 4, length: 9) == Array(0..<9))
  }
}
