import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// Whole training runs against the references on a tiny Llama.
@Suite(.engineAlone) struct TrajectoryParity {
  /// The rows of one step as the goldens take them: `(step * batch + i) % count`.
  private func batch(_ examples: [TrainingExample], step: Int, size: Int) -> [TrainingExample] {
    (0..<size).map { examples[(step * size + $0) % examples.count] }
  }

  private func examples(_ golden: Golden, prompts: [Int]) throws -> [TrainingExample] {
    try prompts.indices.map {
      TrainingExample(tokens: try golden.ids("ids.\($0)"), promptLength: prompts[$0], source: "row \($0)")
    }
  }

  /// Trains by hand with the room's own parts; returns losses without the L1 term and gradient norms.
  private func train(
    _ adapter: Adapter, _ model: any LanguageModel, _ examples: [TrainingExample], steps: Int, batchSize: Int,
    rate: Double, warmup: Int, clip: Double, l1: Double = 0
  ) throws -> (losses: [Double], norms: [Double]) {
    let objective = CompletionObjective(model: model, adapter: adapter)
    let optimizer = try AdamW(
      adapter.parameters, rule: FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0))
    let random = try RandomSource(seed: 0)
    var losses: [Double] = []
    var norms: [Double] = []
    for step in 0..<steps {
      let batch = batch(examples, step: step, size: batchSize)
      let labels = Double(batch.reduce(0) { $0 + $1.labelCount })
      let loss = try objective.lossSum(batch, mode: .training(TrainingPass(random: random))) / labels
      try loss.backward()
      losses.append(try loss.item())
      if l1 > 0 { try #require(try adapter.absoluteSum()).scaled(l1).backward() }
      let factor = Schedule.linear.factor(step: step, warmup: warmup, total: steps)
      norms.append(try #require(try optimizer.clip(to: clip)).item())
      try optimizer.update(learningRate: rate * factor)
    }
    return (losses, norms)
  }

  @Test func `fifty steps of LoReFT give pyreft's losses, norms and final weights`() throws {
    try withoutLeaks {
      let reference = try LoReFTGolden("loreft_training")
      let golden = reference.golden
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      let run = try train(
        adapter, model, examples(golden, prompts: reference.prompts), steps: 50, batchSize: 4, rate: 2e-3, warmup: 5,
        clip: 1)
      try golden.expect(Tensor(run.losses.map(Float.init)), equals: "losses")
      let expected = try golden.floats("losses")
      for (got, wanted) in zip(run.losses, expected) {
        #expect(abs(got - Double(wanted)) <= 1e-4 * Double(wanted))
      }
      for (i, part) in adapter.parts.enumerated() {
        for tensor in try part.intervention.saved() {
          switch tensor.name {
          case "rotation": try golden.expect(tensor.tensor.transposed(), equals: "final.edits.\(i).R")
          case "weight": try golden.expect(tensor.tensor, equals: "final.edits.\(i).W")
          default: try golden.expect(tensor.tensor, equals: "final.edits.\(i).b")
          }
        }
      }
    }
  }

  @Test func `another learning rate does not pass`() throws {
    let reference = try LoReFTGolden("loreft_training")
    let model = try TinyModel.load()
    let run = try train(
      reference.adapter(for: model), model, examples(reference.golden, prompts: reference.prompts), steps: 50,
      batchSize: 4, rate: 2.1e-3, warmup: 5, clip: 1)
    try reference.golden.expectDiffers(Tensor(run.losses.map(Float.init)), from: "losses")
  }

  @Test(arguments: [1, 2])
  func `twenty steps of each LoFiT stage give the reference's losses, values and ranking`(stage: Int) throws {
    try withoutLeaks {
      let golden = try Golden("lofit")
      let model = try TinyModel.load()
      let facts = try golden.facts.reader("stage_\(stage)")
      let adapter = try Self.lofit(golden, stage: stage, model: model)
      let run = try train(
        adapter, model, examples(golden, prompts: golden.integers("prompts")), steps: 20, batchSize: 4,
        rate: facts.double("lr"), warmup: 0, clip: 1, l1: facts.double("l1"))
      try golden.expect(Tensor(run.losses.map(Float.init)), equals: "stage_\(stage).task_losses")
      try golden.expect(Self.everyHead(adapter, model.shape), equals: "stage_\(stage).final")
      if stage == 1 {
        let ranking = try HeadRanking(of: adapter)
        let expected = try golden.indices("stage_1.ranking")
        #expect(ranking.heads.flatMap { [$0.layer, $0.head] } == expected)
      }
    }
  }

  @Test(arguments: [1, 2])
  func `logits, loss and gradients of each LoFiT stage equal the reference`(stage: Int) throws {
    let golden = try Golden("lofit")
    let model = try TinyModel.load()
    let adapter = try Self.lofit(golden, stage: stage, from: "value", model: model)
    let all = try examples(golden, prompts: golden.integers("prompts"))
    for row in 0..<3 {
      let batch = TokenBatch(prompts: [all[row].tokens])
      let logits = try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch)))
      try golden.expect(logits, equals: "stage_\(stage).logits.\(row)")
      try golden.expectDiffers(
        model.logits(model.hidden(batch, cache: nil, tap: .none)), from: "stage_\(stage).logits.\(row)")
    }
    let objective = CompletionObjective(model: model, adapter: adapter)
    let first = Array(all.prefix(4))
    let labels = Double(first.reduce(0) { $0 + $1.labelCount })
    let loss = try objective.lossSum(first, mode: .inference) / labels
    try golden.expect(loss.reshaped([1]), equals: "stage_\(stage).task_loss")
    try loss.backward()
    let l1 = try golden.facts.reader("stage_\(stage)").double("l1")
    if l1 > 0 { try #require(try adapter.absoluteSum()).scaled(l1).backward() }
    try golden.expect(Self.everyHead(adapter, model.shape, gradients: true), equals: "stage_\(stage).gradient")
  }

  /// The adapter of one stage with the reference's initial values.
  static func lofit(_ golden: Golden, stage: Int, from values: String = "start", model: any LanguageModel) throws
    -> Adapter
  {
    let shape = model.shape
    let start = try golden.floats("stage_\(stage).\(values)")
    let part = stage == 1 ? "scale" : "bias"
    func rows(_ layer: Int, _ heads: [Int]) throws -> Tensor {
      let chosen = heads.flatMap { head in
        let first = (layer * shape.heads + head) * shape.headDim
        return Array(start[first..<first + shape.headDim])
      }
      return try Tensor(chosen, shape: [heads.count, shape.headDim])
    }
    var chosen: [Int: [Int]] = [:]
    if stage == 1 {
      for layer in 0..<shape.layers { chosen[layer] = Array(0..<shape.heads) }
    } else {
      let heads = try golden.indices("heads")
      for i in stride(from: 0, to: heads.count, by: 2) { chosen[heads[i], default: []].append(heads[i + 1]) }
    }
    let layers = chosen.keys.sorted()
    let plan = Adapter.Plan(
      method: "lofit", settings: ["part": .string(part)],
      locations: layers.map {
        Location(
          layers: .list([.one($0)]), component: .headOutput, heads: stage == 1 ? nil : chosen[$0]?.sorted())
      })
    let tensors = try layers.map {
      NamedTensor(
        "\($0).head_attention_value_output.\(part)", try rows($0, (chosen[$0] ?? []).sorted()))
    }
    return try golden.adapter(plan, for: model, restoring: tensors)
  }

  /// Values or gradients as `[layers, heads, headDim]`, zero where no head was chosen.
  private static func everyHead(_ adapter: Adapter, _ shape: ModelShape, gradients: Bool = false) throws -> Tensor {
    var all = [Float](repeating: 0, count: shape.layers * shape.heads * shape.headDim)
    for part in adapter.parts {
      let parameter = try #require(part.intervention.parameters.first).tensor
      let rows = try (gradients ? #require(try parameter.gradient()) : parameter).values(as: Float.self)
      for (i, head) in (part.target.heads ?? Array(0..<shape.heads)).enumerated() {
        let to = (part.target.site.layer * shape.heads + head) * shape.headDim
        all.replaceSubrange(to..<to + shape.headDim, with: rows[i * shape.headDim..<(i + 1) * shape.headDim])
      }
    }
    return try Tensor(all, shape: [shape.layers, shape.heads, shape.headDim])
  }
}

extension Tensor {
  fileprivate func scaled(_ factor: Double) throws(TensorError) -> Tensor { try self * factor }
}
