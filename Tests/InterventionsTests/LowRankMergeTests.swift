import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// LoRA, DoRA, (IA)3 and VeRA folded into the weights of every architecture, through a folder on disk and back.
@Suite(.engineAlone) struct LowRankMerging {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let methods = ["lora", "dora", "ia3", "vera"]

  /// All linear maps of a block, moved far from the start.
  private func adapter(
    _ method: String, _ model: any LanguageModel, at components: [Component]? = nil, seed: UInt64 = 3
  ) throws -> Adapter {
    let maps = model.components.filter { model.projection(writing: $0, layer: 0) != nil }
    let components = components ?? (method == "ia3" ? maps.union([.mlpActivation]) : maps).sorted()
    let random = try RandomSource(seed: seed)
    let adapter = try Adapter(
      .init(
        method: method, settings: method == "ia3" ? [:] : ["rank": 3],
        locations: components.map { Location(layers: .all, component: $0) }),
      of: InterventionRegistry.standard.method(method), for: model, using: random)
    for parameter in adapter.parameters {
      try parameter.tensor.assign(
        parameter.tensor.detached() + random.normal(parameter.tensor.shape, deviation: 0.1))
    }
    return adapter
  }

  private func folded(_ uses: [AdapterUse], _ name: String, _ model: any LanguageModel) throws -> any LanguageModel {
    let checkpoint = try Merge(folding: uses, into: model).written(
      into: TinyModel.checkpoint(name), at: scratch("merged"))
    return try ModelRegistry.standard.model(from: checkpoint)
  }

  private func check(_ uses: [AdapterUse], _ name: String, _ model: any LanguageModel) throws {
    let batch = TokenBatch(prompts: [someTokens(20), someTokens(3, seed: 2)])
    let tap = try AdapterRoutes([uses]).tap(for: batch)
    let tapped = try model.scores(batch, tap)
    #expect(gap(try model.scores(batch), tapped) > 1e-2)
    let difference = gap(try folded(uses, name, model).scores(batch), tapped)
    #expect(difference < 3e-5, "\(difference)")
    let inMemory = try model.replacing(model.projections(folding: uses))
    #expect(gap(try inMemory.scores(batch), tapped) < 3e-5)
  }

  @Test(arguments: methods, TinyModel.names)
  func `the folded model computes what the tapped one does`(method: String, name: String) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      let adapter = try adapter(method, model)
      try check([try AdapterUse(adapter)], name, model)
      #expect(try Merge(folding: adapter, into: model).configuration == [:])
    }
  }

  @Test(arguments: methods)
  func `half the strength folds to half the change`(method: String) throws {
    let model = try TinyModel.load("llama_mha_bias")
    try check([AdapterUse(adapter(method, model), strength: 0.5)], "llama_mha_bias", model)
  }

  @Test(arguments: methods, methods)
  func `two methods on the same maps fold in the order in which they act`(first: String, second: String) throws {
    let model = try TinyModel.load("llama_mha_bias")
    let maps: [Component] = [.query, .value, .attentionOutput]
    let uses = [
      try AdapterUse(adapter(first, model, at: maps)), try AdapterUse(adapter(second, model, at: maps, seed: 4)),
    ]
    try check(uses, "llama_mha_bias", model)
  }

  @Test(arguments: methods)
  func `a new adapter folds to the very same weights`(method: String) throws {
    let model = try TinyModel.load()
    let components: [Component] = method == "ia3" ? [.key, .mlpActivation] : [.key, .mlpOutput]
    let fresh = try Adapter(
      .init(method: method, settings: [:], locations: components.map { Location(layers: .all, component: $0) }),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 1))
    let merge = try Merge(folding: fresh, into: model)
    for layer in 0..<model.shape.layers {
      for component in [Component.key, .mlpOutput] {
        let projection = try #require(model.projection(writing: component, layer: layer))
        let changed = try #require(merge.tensors[projection.weightName])
        #expect(try changed.values(as: Float.self) == projection.weight.values())
      }
    }
  }
}
