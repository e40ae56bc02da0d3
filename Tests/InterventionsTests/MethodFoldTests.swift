import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Methods whose edit is a change of weights, folded into checkpoints of several architectures and read back.
@Suite(.engineAlone) struct MethodFolds {
  private let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// An adapter that is far from its start.
  private func adapter(
    _ method: String, _ settings: JSONObject, at place: String, _ model: any LanguageModel
  ) throws -> Adapter {
    let random = try RandomSource(seed: 7)
    let adapter = try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method(method), for: model, using: random)
    for parameter in adapter.parameters {
      let noise = try random.normal(parameter.tensor.shape, deviation: 0.1)
      try parameter.tensor.assign(parameter.tensor.detached() + noise)
    }
    return adapter
  }

  private static let attention = "all.query;all.key;all.value;all.attention_output"
  private static let plain = attention + ";all.mlp_up;all.mlp_output"
  private static let gated = attention + ";all.mlp_gate;all.mlp_up;all.mlp_output"
  private static let heads = "all.head_attention_value_output"

  /// One method on one model.
  private struct Case: Sendable, CustomTestStringConvertible {
    let model, method: String
    var settings: JSONObject = [:]
    let place: String
    var testDescription: String { "\(method) \(JSONValue.object(settings).text) at \(place) of \(model)" }
  }

  private static var cases: [Case] {
    var cases: [Case] = []
    for model in ["llama_gqa_tied", "llama_mha_bias", "mistral", "qwen2", "phi3", "smollm3"] {
      cases.append(Case(model: model, method: "red", place: "all.mlp_output"))
      cases.append(Case(model: model, method: "bitfit", place: gated))
      cases.append(Case(model: model, method: "full", place: gated))
      cases.append(Case(model: model, method: "full", settings: ["biases": "all"], place: gated))
      cases.append(Case(model: model, method: "jola", place: heads))
    }
    for model in ["gpt2", "gpt_neox", "bert", "roberta"] {
      cases.append(Case(model: model, method: "red", place: plain))
      cases.append(Case(model: model, method: "bitfit", place: plain))
      cases.append(Case(model: model, method: "full", place: plain))
      cases.append(Case(model: model, method: "full", settings: ["biases": "none"], place: "1.key;0.mlp_up"))
      cases.append(Case(model: model, method: "jola", place: heads))
    }
    cases.append(Case(model: "llama_gqa_tied", method: "red", place: gated))
    cases.append(Case(model: "phi3", method: "red", place: "0.key;1.mlp_gate"))
    cases.append(Case(model: "llama_gqa_tied", method: "lofit", settings: ["part": "both"], place: heads))
    let both: JSONObject = ["part": "both"]
    cases.append(
      Case(model: "llama_mha_bias", method: "lofit", settings: both, place: "1.head_attention_value_output[0,2]"))
    cases.append(Case(model: "bert", method: "lofit", settings: both, place: "0.head_attention_value_output[1]"))
    cases.append(Case(model: "gemma2", method: "full", place: gated))
    cases.append(Case(model: "gemma", method: "full", settings: ["biases": "none"], place: gated))
    cases.append(Case(model: "qwen3", method: "bitfit", place: attention))
    cases.append(Case(model: "llama_gqa_tied", method: "bitfit", place: "all.block_output"))
    cases.append(Case(model: "gpt2", method: "bitfit", place: "0..1.block_output;1.block_input"))
    cases.append(
      Case(
        model: "llama_gqa_tied", method: "jola", settings: ["deviation": 1],
        place: "1.head_attention_value_output[1,3]"))
    return cases
  }

  /// The tolerance is rounding, as in the folds of LoFiT.
  @Test(arguments: cases)
  private func `the folded model computes what the tapped one does`(fold: Case) throws {
    try withoutLeaks {
      let model = try TinyModel.load(fold.model)
      let adapter = try adapter(fold.method, fold.settings, at: fold.place, model)
      let batch = TokenBatch(prompts: [someTokens(20), someTokens(3, seed: 2)])
      let tapped = try model.scores(batch, adapter)
      #expect(gap(try model.scores(batch), tapped) > 1e-3)
      let folded = try ModelRegistry.standard.model(
        from: Merge(folding: adapter, into: model).written(
          into: TinyModel.checkpoint(fold.model), at: scratch("merged")))
      #expect(gap(try folded.scores(batch), tapped) < 2e-5)
      let inMemory = try model.replacing(model.projections(folding: [AdapterUse(adapter)]))
      #expect(gap(try inMemory.scores(batch), tapped) < 2e-5)
      // A fold may need biases that the checkpoint has to write as well: zeros, in projections of no edit.
      #expect(model.parameterCount...folded.parameterCount ~= inMemory.parameterCount)
    }
  }

  @Test(arguments: [
    ("red", "all.mlp_output"), ("full", "all.value"), ("bitfit", "all.mlp_output"), ("jola", heads),
  ])
  func `half the strength folds to half the edit`(method: String, place: String) throws {
    let model = try TinyModel.load()
    let adapter = try adapter(method, [:], at: place, model)
    let use = try AdapterUse(adapter, strength: 0.5)
    let batch = TokenBatch(prompts: [someTokens(20)])
    let tapped = try model.scores(batch, AdapterRoutes([[use]]).tap(for: batch))
    #expect(gap(try model.scores(batch, adapter), tapped) > 1e-3)
    let folded = try ModelRegistry.standard.model(
      from: Merge(folding: [use], into: model).written(into: TinyModel.checkpoint(), at: scratch("merged")))
    #expect(gap(try folded.scores(batch), tapped) < 2e-5)
  }

  @Test func `a full adapter changes the weights that it names and no others`() throws {
    let model = try TinyModel.load("llama_mha_bias")
    let merge = try Merge(folding: adapter("full", [:], at: "1.query;0.mlp_output", model), into: model)
    #expect(
      merge.tensors.keys.sorted() == [
        "model.layers.0.mlp.down_proj.bias", "model.layers.0.mlp.down_proj.weight",
        "model.layers.1.self_attn.q_proj.bias", "model.layers.1.self_attn.q_proj.weight",
      ])
    #expect(merge.configuration == [:])
  }

  @Test(arguments: ["series_adapter", "parallel_adapter"])
  func `a bottleneck is refused, for no weight computes its activation function`(method: String) throws {
    let model = try TinyModel.load()
    let bottleneck = try adapter(method, ["bottleneck": 3], at: "all.mlp_output", model)
    expect(
      AdapterError.notMergeable(
        method: method, reason: "an activation function stands within the bottleneck, and no weight computes it")
    ) { _ = try Merge(folding: bottleneck, into: model) }
  }

  @Test(arguments: [
    ("red", "1.block_output"), ("bitfit", "0.attention_input"), ("bitfit", "0.block_input"), ("red", "0.mlp_input"),
  ])
  func `an edit where no projection writes is refused`(method: String, place: String) throws {
    let model = try TinyModel.load("gpt2")
    let edit = try adapter(method, [:], at: place, model)
    expect(
      AdapterError.notMergeable(
        method: method, reason: "no projection of this model carries its edit at \(place)")
    ) { _ = try Merge(folding: edit, into: model) }
  }
}
