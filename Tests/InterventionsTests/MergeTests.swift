import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Folding an adapter into weights, through a folder on disk and back.
@Suite(.engineAlone) struct Merging {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func adapter(
    _ part: String, at place: String, _ model: any LanguageModel
  ) throws -> Adapter {
    try Adapter(
      .init(
        method: "lofit", settings: ["part": .string(part), "deviation": 0.4], locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method("lofit"), for: model, using: RandomSource(seed: 5))
  }

  private static let cases =
    ["llama_gqa_tied", "llama_mha_bias"].flatMap { name in
      [
        ("scale", "all.head_attention_value_output"), ("bias", "all.head_attention_value_output"),
        ("bias", "1.head_attention_value_output[0,3]"), ("scale", "0.head_attention_value_output[2]"),
        ("bias", "1.head_attention_value_output[0];1.head_attention_value_output[0,2]"),
      ].map { (name, $0.0, $0.1) }
    }
    + TinyModel.names.flatMap { name in
      [("scale", "all.head_attention_value_output"), ("bias", "1.head_attention_value_output[1]")].map {
        (name, $0.0, $0.1)
      }
    }

  /// The tolerance is rounding: `W (z + v)` against `W z + W v`; measured 2.8e-6 at most on logits up to 5.
  @Test(arguments: cases)
  func `the folded model computes what the tapped one does`(name: String, part: String, place: String) throws {
    try withoutLeaks {
      let checkpoint = try TinyModel.checkpoint(name)
      let model = try TinyModel.load(name)
      let adapter = try adapter(part, at: place, model)
      let batch = TokenBatch(prompts: [someTokens(20), someTokens(3, seed: 2)])
      let tapped = try model.scores(batch, adapter)
      #expect(gap(try model.scores(batch), tapped) > 1e-3)
      let merge = try Merge(folding: adapter, into: model)
      let folded = try ModelRegistry.standard.model(from: merge.written(into: checkpoint, at: scratch("merged")))
      #expect(gap(try folded.scores(batch), tapped) < 2e-5)
    }
  }

  @Test func `a bias of a network's last projection that no checkpoint can carry is refused`() throws {
    let gemma = try TinyModel.load("gemma")
    #expect(try gemma.biasCompanions(reading: .mlpActivation).map { _ in 1 } == nil)
    #expect(try gemma.biasCompanions(reading: .headOutput).map { _ in 1 } != nil)
  }

  @Test func `a scale changes weights alone, a bias adds the biases that one switch asks for`() throws {
    let plain = try TinyModel.load("llama_gqa_tied")
    let scale = try Merge(folding: adapter("scale", at: "1.head_attention_value_output[0]", plain), into: plain)
    #expect(scale.tensors.keys.sorted() == ["model.layers.1.self_attn.o_proj.weight"])
    #expect(scale.configuration == [:])

    let bias = try Merge(folding: adapter("bias", at: "1.head_attention_value_output[0]", plain), into: plain)
    #expect(bias.configuration == ["attention_bias": true])
    let zeros = try bias.tensors.filter { $0.key.hasSuffix(".bias") }.filter { try $0.value.norm().item() == 0 }
    #expect(zeros.count == 4 * plain.shape.layers - 1)
    #expect(try #require(bias.tensors["model.layers.1.self_attn.o_proj.bias"]).norm().item() > 0)
  }

  @Test func `biases that the model has stay as they are`() throws {
    let model = try TinyModel.load("llama_mha_bias")
    let bias = try Merge(folding: adapter("bias", at: "1.head_attention_value_output[0]", model), into: model)
    #expect(
      bias.tensors.keys.sorted() == ["model.layers.1.self_attn.o_proj.bias"])
    let scale = try Merge(folding: adapter("scale", at: "1.head_attention_value_output[0]", model), into: model)
    #expect(scale.tensors.keys.sorted() == ["model.layers.1.self_attn.o_proj.weight"])
  }

  @Test func `edits of one site fold in the order in which they act`() throws {
    // First doubled, then moved: 2 z + 1. Folded the other way round the weights would compute 2 (z + 1).
    let model = try TinyModel.load()
    var registry = InterventionRegistry()
    registry.add(DoubleOrMove.self)
    let place = "1.head_attention_value_output"
    let plan = Adapter.Plan(
      method: DoubleOrMove.method, settings: [:], locations: try Location.list(parsing: "\(place);\(place)[0,1,2,3]"))
    let adapter = try Adapter(plan, of: registry.method(plan.method), for: model, using: RandomSource(seed: 1))
    let batch = TokenBatch(prompts: [someTokens(20)])
    let merge = try Merge(folding: adapter, into: model)
    let folded = try ModelRegistry.standard.model(
      from: merge.written(into: TinyModel.checkpoint(), at: scratch("merged")))
    #expect(gap(try folded.scores(batch), try model.scores(batch, adapter)) < 2e-5)
  }

  @Test func `a method without an exact fold is refused`() throws {
    let model = try TinyModel.load()
    let loreft = try Adapter(
      .init(method: "loreft", settings: [:], locations: Location.list(parsing: "all.block_output")),
      of: InterventionRegistry.standard.method("loreft"), for: model, using: RandomSource(seed: 5))
    let error = try thrown(AdapterError.self) { _ = try Merge(folding: loreft, into: model) }
    #expect(
      error
        == .notMergeable(
          method: "loreft", reason: "its edit depends on the input and equals no change of one weight"))
    #expect(error.description.contains("reft generate --adapter"))
  }

  @Test(arguments: ["prompt", "generated", "f2+l2", "f2|l2", "l1"])
  func `an edit at some positions is refused, for weights act at all`(positions: String) throws {
    let model = try TinyModel.load()
    let limited = try adapter("bias", at: "all.head_attention_value_output@\(positions)", model)
    expect(
      AdapterError.notMergeable(
        method: "lofit", reason: "it acts at \(positions), and weights act at every position")
    ) { _ = try Merge(folding: limited, into: model) }
  }
}

/// A method of a user's own, with nothing to train: `z -> 2 z`, or `z -> z + 1` where heads are named.
private final class DoubleOrMove: Intervention, Mergeable {
  struct Configuration: MethodConfiguration {
    init(_ json: JSONReader) throws { try json.allow(only: []) }
    var json: JSONObject { [:] }
  }

  static let method = "double_or_move"
  static let summary = "2 z or z + 1"
  static let reference = "none"
  static let defaultLocations = "all.head_attention_value_output@all"

  let parameters: [NamedTensor] = []
  private let moves: Bool

  init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    moves = target.heads != nil
  }

  init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    moves = target.heads != nil
  }

  func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { Edit(moves: moves) }

  private final class Edit: ActivationEdit {
    let moves: Bool
    init(moves: Bool) { self.moves = moves }
    func callAsFunction(_ z: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      try moves ? z + 1 : z * 2
    }
  }

  var foldsInto: FoldSide { .reader }

  func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    guard moves else { return (try projection.weight * 2, projection.bias) }
    let offset = try projection.weight.sum(along: 1)
    return (try projection.weight, try projection.bias.map { try $0 + offset } ?? offset)
  }
}
