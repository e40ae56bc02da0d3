import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Several adapters made into one.
@Suite(.engineAlone) struct Combining {
  private let model: any LanguageModel
  init() throws { model = try TinyModel.load() }

  private func adapter(_ method: String, _ settings: JSONObject = [:], at places: String, seed: UInt64 = 1) throws
    -> Adapter
  {
    let random = try RandomSource(seed: seed)
    let plan = Adapter.Plan(method: method, settings: settings, locations: try Location.list(parsing: places))
    let adapter = try Adapter(plan, of: InterventionRegistry.standard.method(method), for: model, using: random)
    for parameter in adapter.parameters {
      try parameter.tensor.assign(
        parameter.tensor.detached() + random.normal(parameter.tensor.shape, deviation: 0.3))
    }
    return adapter
  }

  /// The activation at a site of layer 1 as edits leave it.
  private func edited(_ site: Site, _ uses: [AdapterUse]) throws -> [Float] {
    let batch = TokenBatch([
      .init(tokens: someTokens(11), promptLength: 8), .init(tokens: someTokens(5, seed: 2), promptLength: 3),
    ])
    return try model.recorded([site], batch, AdapterRoutes([uses]).tap(for: batch))[0]
  }

  /// What a sum must be, by its definition, at a site whose input no term changes.
  private func expectSum(_ terms: [(adapter: Adapter, weight: Double)], at site: Site, is method: String) throws {
    let plain = try edited(site, [])
    var expected = plain
    for (adapter, weight) in terms {
      let moved = try edited(site, [AdapterUse(adapter)])
      for i in expected.indices { expected[i] += Float(weight) * (moved[i] - plain[i]) }
    }
    let sum = try Adapter.sum(terms, for: model)
    #expect(sum.plan.method == method)
    let got = try edited(site, [AdapterUse(sum)])
    #expect(gap(got, expected) < 2e-5)
    #expect(gap(got, plain) > 1e-3)
    // A sum of edits is no chain of edits, but where they do not look at each other's result.
    let scratch = try ScratchFolder()
    let base = try TinyModel.base(TinyModel.names[0])
    try sum.save(
      to: scratch("sum"), AdapterDescription(plan: sum.plan, base: base, parameterCount: sum.parameterCount, seed: 0))
    #expect(try edited(site, [AdapterUse(Adapter.load(scratch("sum"), for: model, base: base).adapter)]) == got)
  }

  @Test func `constant edits of any method become one steering vector`() throws {
    try withoutLeaks {
      let heads = Site(layer: 1, component: .headOutput)
      try expectSum(
        [
          (adapter("lofit", at: "1.head_attention_value_output[0,2]"), 2),
          (adapter("iti", at: "1.head_attention_value_output[2,3]"), -0.5),
          (adapter("steering", ["coefficient": 3], at: "1.head_attention_value_output"), 1),
        ], at: heads, is: "steering")
      let residual = Site(layer: 1, component: .blockOutput)
      try expectSum(
        [(adapter("steering", at: "1.block_output"), 1), (adapter("bitfit", at: "1.block_output", seed: 4), 1)],
        at: residual, is: "steering")
      try expectSum([(adapter("lobireft", ["rank": 2], at: "1.block_output@f2+l1"), -1)], at: residual, is: "steering")
    }
  }

  @Test func `edits of one method add up to one of it`() throws {
    try withoutLeaks {
      try expectSum(
        [
          (adapter("lora", ["rank": 2, "alpha": 3], at: "1.query;1.value"), 1),
          (adapter("lora", ["rank": 3, "rslora": true], at: "1.query", seed: 2), -0.7),
        ], at: Site(layer: 1, component: .query), is: "lora")
      try expectSum(
        [(adapter("red", at: "1.mlp_output"), 0.3), (adapter("red", at: "1.mlp_output", seed: 2), 2)],
        at: Site(layer: 1, component: .mlpOutput), is: "red")
      for activation in ["linear", "relu"] {
        try expectSum(
          [
            (adapter("direft", ["rank": 2, "activation": .string(activation)], at: "1.block_output@l2"), 1.5),
            (adapter("direft", ["rank": 1, "activation": .string(activation)], at: "1.block_output@l2", seed: 2), -1),
          ], at: Site(layer: 1, component: .blockOutput), is: "direft")
      }
    }
  }

  @Test func `an adapter and its negative are nothing`() throws {
    let lora = try adapter("lora", at: "all.query;all.value")
    let nothing = try Adapter.sum([(lora, 1), (lora, -1)], for: model)
    let batch = TokenBatch(prompts: [someTokens(9)])
    #expect(try gap(model.scores(batch, nothing), model.scores(batch)) < 2e-5)
  }

  @Test func `a sum of LoRAs folds into what they fold into one by one`() throws {
    let terms = try [adapter("lora", at: "all.query"), adapter("lora", at: "all.query", seed: 2)]
    let one = try Merge(folding: Adapter.sum(terms.map { ($0, 0.5) }, for: model), into: model)
    let both = try Merge(folding: terms.map { try AdapterUse($0, strength: 0.5) }, into: model)
    #expect(one.tensors.count == 3 && Set(one.tensors.keys) == Set(both.tensors.keys))
    for (name, tensor) in one.tensors {
      #expect(try gap(tensor.values(), try #require(both.tensors[name]).values()) < 1e-6)
    }
  }

  @Test func `what does not add up is refused, with what to do instead`() throws {
    func refused(_ terms: [Adapter], _ reason: String) throws {
      let error = try thrown(AdapterError.self) { _ = try Adapter.sum(terms.map { ($0, 1) }, for: model) }
      #expect(error.description.contains(reason), "\(error.description)")
    }
    let loreft = try adapter("loreft", ["rank": 2], at: "all.block_output@l1")
    try refused([loreft, loreft], "the sum of its edits is not one of its edits")
    try refused([loreft], "--strength")
    try refused([loreft, adapter("lora", at: "all.query")], "within one method only")
    try refused([adapter("lofit", ["part": "scale"], at: "all.head_attention_value_output")], "is not one of its edits")
    try refused([adapter("lobireft", ["rank": 1], at: "1.block_output@f1|l1")], "an intervention for each end")
    try refused(
      [
        adapter("direft", ["activation": "relu"], at: "1.block_output"),
        adapter("direft", ["activation": "silu"], at: "1.block_output"),
      ], "'activation' must be the same")
    try refused([], "there is none")
  }
}
