import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The members of the ReFT family that are constant offsets fold into biases; the others refuse and say why.
@Suite(.engineAlone) struct ReFTFolds {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func adapter(
    _ method: String, _ place: String, _ model: any LanguageModel, _ settings: JSONObject = [:]
  ) throws -> Adapter {
    try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 5))
  }

  /// Tolerance: rounding, measured 3.4e-6 at most.
  @Test(arguments: ["lobireft", "reft_r1"], ["llama_mha_bias", "gpt2", "gpt_neox"])
  func `a constant offset of the residual stream, written into biases and read again, is the edit`(
    method: String, name: String
  ) throws {
    try withoutLeaks {
      let checkpoint = try TinyModel.checkpoint(name)
      let model = try TinyModel.load(name)
      let adapter = try adapter(method, "all.block_output@all", model)
      // ReFT-r1 begins at a direction that a LayerNorm takes away.
      let noise = try RandomSource(seed: 6)
      for parameter in adapter.parameters {
        try parameter.tensor.assign(parameter.tensor.detached() + noise.normal(parameter.tensor.shape, deviation: 0.3))
      }
      let batch = TokenBatch(prompts: [someTokens(20), someTokens(3, seed: 2)])
      let tapped = try model.scores(batch, adapter)
      #expect(try gap(model.scores(batch), tapped) > 1e-3)
      let merge = try Merge(folding: adapter, into: model)
      var configuration = checkpoint.configuration.object
      for (key, value) in merge.configuration { configuration[key] = value }
      let kept = checkpoint.tensors.filter { merge.keeps($0.name) }.map(WritableTensor.init)
      let changed = try merge.tensors.map { try NamedTensor($0.key, $0.value).writable() }
      try HuggingFaceFolder.write(
        to: scratch("merged"), configuration: configuration, tensors: kept + changed, overwrite: true)
      let merged = try ModelRegistry.standard.model(from: Checkpoint.open(scratch("merged")))
      #expect(try gap(merged.scores(batch), tapped) < 1e-5)
    }
  }

  @Test func `what takes its change from the input, or acts at some positions, is refused with the reason`() throws {
    let model = try TinyModel.load("llama_mha_bias")
    func reason(_ method: String, _ positions: String, _ settings: JSONObject = [:]) throws -> String {
      let adapter = try adapter(method, "all.block_output@\(positions)", model, settings)
      let error = try thrown(AdapterError.self) { _ = try Merge(folding: adapter, into: model) }
      return error.description
    }
    for method in ["loreft", "direft", "noreft", "consreft", "direft_orthonormal"] {
      #expect(try reason(method, "all").contains("its edit depends on the input"), "\(method)")
    }
    #expect(
      try reason("reft_r1", "all", ["form": "clamping"]).contains("clamping takes away what the input has along v"))
    for method in ["lobireft", "reft_r1"] {
      #expect(try reason(method, "f7+l7").contains("it acts at f7+l7, and weights act at every position"), "\(method)")
    }
  }
}
