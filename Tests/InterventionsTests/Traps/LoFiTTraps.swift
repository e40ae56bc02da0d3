import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What goes wrong in fc2869/lo-fit, and what happens here instead.
@Suite(.engineAlone) struct LoFiTTraps {
  private let everyHead = "all.head_attention_value_output"

  private func adapter(
    _ part: String, at place: String, deviation: Double = 1e-3, _ model: any LanguageModel
  ) throws -> Adapter {
    try Adapter(
      .init(
        method: "lofit", settings: ["part": .string(part), "deviation": .number(deviation)],
        locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method("lofit"), for: model, using: RandomSource(seed: 5))
  }

  /// There, the FlashAttention class of Gemma has no edit, and runs without a word.
  @Test(arguments: TinyModel.names)
  func `Gemma flash path: no attention is left without the edit`(name: String) throws {
    let model = try TinyModel.load(name)
    let batch = TokenBatch(prompts: [someTokens(9)])
    let plain = try model.scores(batch)
    for layer in 0..<model.shape.layers {
      for head in 0..<model.shape.heads {
        let one = try adapter("bias", at: "\(layer).head_attention_value_output[\(head)]", deviation: 1, model)
        #expect(try model.scores(batch, one) != plain, "layer \(layer), head \(head)")
      }
    }
  }

  /// There, A and 1 + A are bfloat16 in bfloat16 runs: a change below 2^-8 is none.
  @Test func `1 + A in bfloat16: a scale that it would round away has its effect`() throws {
    let model = try TinyModel.load()
    let scale = try adapter("scale", at: "1.head_attention_value_output", model)
    let parameter = try #require(scale.parameters.first).tensor
    #expect(parameter.dtype == .float32)
    let small: Float = 1.0 / 1024
    try parameter.assign(Tensor.full(parameter.shape, value: Double(small)))
    let batch = TokenBatch(prompts: [someTokens(6)])
    let site = scale.parts[0].target.site
    let plain = try model.recorded([site], batch, .none)[0]
    let edited = try model.recorded([site], batch, scale.tap(for: batch))[0]
    #expect(edited == plain.map { $0 * (1 + small) } && edited != plain)
  }

  /// There, a reversed argsort puts the larger index first; who sorts otherwise chooses other heads of the same file.
  @Test func `argsort ties: heads of equal score come in falling order of their index`() throws {
    let model = try TinyModel.load()
    let scale = try adapter("scale", at: everyHead, deviation: 0, model)
    let order = try HeadRanking(of: scale).heads.map { $0.layer * model.shape.heads + $0.head }
    #expect(order == Array((0..<model.shape.layers * model.shape.heads).reversed()))
  }

  /// There, 160 heads are written for every model, also for one that has 448 or 12.
  @Test func `160 heads for every model: a ranking has those of its own, and the heads of another are refused`() throws
  {
    let model = try TinyModel.load()
    let ranking = try HeadRanking(of: adapter("scale", at: everyHead, model))
    #expect(ranking.heads.count == model.shape.layers * model.shape.heads)
    #expect(ranking.numpy().shape == [ranking.heads.count, 2])
    #expect(ranking.numpy(top: 160).shape == [ranking.heads.count, 2])
    let foreign = HeadRanking([.init(layer: 0, head: 31, score: 1)]).locations(top: 1)
    expect(
      LocationError.headOutOfRange(
        head: 31, heads: model.shape.heads, text: "0.head_attention_value_output[31]@all")
    ) { _ = try adapter("bias", at: foreign.line, model) }
  }

  /// There, the default part `full` leaves every parameter frozen, and training runs to the end without learning.
  @Test func `full trains nothing: every part here has something to train, and full is refused`() throws {
    let model = try TinyModel.load()
    for part in LoFiT.Part.allCases {
      #expect(try adapter(part.rawValue, at: everyHead, model).parameters.allSatisfy { $0.tensor.requiresGradient })
      #expect(try adapter(part.rawValue, at: everyHead, model).parameterCount > 0)
    }
    let error = try thrown(JSONError.self) { _ = try adapter("full", at: everyHead, model) }
    #expect(error.description.contains("one of scale, bias, both"))
  }

  /// There, too, stage 2 begins at the base; what stage 1 leaves is the choice of heads.
  @Test func `scales of stage 1: stage 2 begins at the base model without them`() throws {
    let model = try TinyModel.load()
    let scale = try adapter("scale", at: everyHead, deviation: 1, model)
    let batch = TokenBatch(prompts: [someTokens(9)])
    #expect(try model.scores(batch, scale) != model.scores(batch))
    let bias = try adapter("bias", at: HeadRanking(of: scale).locations(top: 3).line, deviation: 0, model)
    #expect(bias.parameters.allSatisfy { $0.name.hasSuffix(".bias") } && bias.parameterCount == 3 * model.shape.headDim)
    #expect(try model.scores(batch, bias) == model.scores(batch))
  }

  /// There, the reference of DPO is a second copy of the model in memory.
  @Test func `second copy as reference: the base is the adapter switched off, bit for bit, whatever was trained`()
    throws
  {
    let model = try TinyModel.load()
    let batch = TokenBatch(prompts: [someTokens(9)])
    let before = try model.scores(batch)
    let trained = try adapter("both", at: everyHead, deviation: 1, model)
    #expect(try model.scores(batch, trained) != before)
    #expect(try model.scores(batch) == before)
  }

  /// There, a padding token is added and the embedding grows: saved models have one token more than the tokenizer's base.
  @Test func `added pad token: the vocabulary keeps its size`() throws {
    let model = try TinyModel.load()
    let merge = try Merge(folding: adapter("both", at: everyHead, model), into: model)
    #expect(merge.configuration["vocab_size"] == nil)
    #expect(merge.tensors.keys.allSatisfy { $0.contains("self_attn") })
  }

  /// There, stage 2 leaves a checkpoint of the whole model, or nothing.
  @Test func `whole checkpoints: what was trained is a file of its own, with the chosen heads and no other`() throws {
    let model = try TinyModel.load()
    let bias = try adapter("bias", at: "0.head_attention_value_output[2];2.head_attention_value_output[0,3]", model)
    #expect(try bias.saved().map(\.tensor.shape) == [[1, model.shape.headDim], [2, model.shape.headDim]])
    let scratch = try ScratchFolder()
    let base = try TinyModel.base()
    try bias.save(
      to: scratch("adapter"),
      AdapterDescription(plan: bias.plan, base: base, parameterCount: bias.parameterCount, seed: 5))
    let bytes = try SafetensorsFile(scratch("adapter/adapter.safetensors")).tensors.reduce(0) {
      $0 + $1.shape.reduce(4, *)
    }
    #expect(bytes == 4 * 3 * model.shape.headDim)
  }

  /// There, a loop edits one slice of one clone for each head.
  @Test func `loop over heads: a layer has one edit, however many heads are chosen`() throws {
    let model = try TinyModel.load()
    for place in [everyHead, "all.head_attention_value_output[0,2]"] {
      #expect(try adapter("both", at: place, model).parts.count == model.shape.layers)
    }
  }

  /// There, offsets of heads that were not chosen exist in every layer, and stay out of the run by a frozen flag alone.
  @Test func `frozen by a flag: heads that were not chosen have no parameters`() throws {
    let model = try TinyModel.load()
    let one = try adapter("both", at: "1.head_attention_value_output[3]", model)
    #expect(one.parameterCount == 2 * model.shape.headDim)
    #expect(one.parts.map(\.target.site.layer) == [1])
  }
}
