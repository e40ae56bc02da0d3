import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The reference of LoFiT keeps A in bfloat16 where the model is, and forms `1 + A` there: numbers near one are 2^-7 apart, so
/// what training changes by less than 0.004 has no effect.
@Suite(.engineAlone) struct ScalesNearOneTrap {
  /// Scales by method: settings, site, and where they begin.
  private static let scaling: [(method: String, settings: JSONObject, place: String, start: Double)] = [
    ("lofit", ["part": "scale", "deviation": 0.0], "all.head_attention_value_output", 0),
    ("ia3", [:], "all.key;all.value;all.mlp_activation", 1),
  ]

  @Test(arguments: scaling.indices)
  func `a scale of one and a thousandth acts, for it stays float32 beside weights of bfloat16`(row: Int) throws {
    let (method, settings, place, start) = Self.scaling[row]
    let model = try TinyModel.load()
    let adapter = try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 1))
    let batch = TokenBatch(prompts: [someTokens(12)])
    let plain = try model.scores(batch)
    #expect(try model.scores(batch, adapter) == plain)
    for parameter in adapter.parameters {
      #expect(parameter.tensor.dtype == .float32)
      try parameter.tensor.assign(Tensor.full(parameter.tensor.shape, value: start + 0.001))
    }
    let edited = try model.scores(batch, adapter)
    #expect(gap(edited, plain) > 1e-4)
    for tensor in try adapter.saved() {
      #expect(tensor.tensor.dtype == .float32)
      #expect(try tensor.tensor.values(as: Float.self).allSatisfy { abs($0 - Float(start) - 0.001) < 1e-6 })
    }
    // In bfloat16 the very same scale is one.
    #expect(try Tensor.full([1], value: 1.001).converted(to: .bfloat16).values(as: Float.self) == [1])
  }
}
