import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// LoRRA's objective against its formula with peft's LoRA (scripts/goldens/lorra.py).
@Suite(.engineAlone) struct RepresentationObjectives {
  private let golden: Golden
  private let model: any LanguageModel

  init() throws {
    golden = try Golden("lorra")
    model = try TinyModel.load("llama_gqa_tied")
  }

  private func adapter() throws -> Adapter {
    let plan = Adapter.Plan(
      method: "lora", settings: try golden.facts.reader("settings").object,
      locations: try Location.list(parsing: "0..1.query;0..1.value"))
    return try golden.adapter(plan, for: model, restoring: golden.tensors(after: "start."))
  }

  private var examples: [TrainingExample] {
    get throws {
      let prompts = try golden.facts.array("prompts").map { $0.array ?? [] }
      let responses = try golden.facts.array("responses")
      return zip(prompts, responses).enumerated().map { i, pair in
        let response = pair.1.array?.compactMap { $0.int.map(Int32.init) } ?? []
        let prompts = pair.0.map { $0.array?.compactMap { $0.int.map(Int32.init) } ?? [] }
        let texts = prompts.map {
          TrainingExample.Contrast.Text(tokens: $0 + response, promptLength: $0.count)
        }
        return TrainingExample(
          tokens: texts[0].tokens, promptLength: texts[0].promptLength,
          contrast: .init(positive: texts[1], negative: texts[2]), source: "item \(i)")
      }
    }
  }

  private func objective(_ adapter: Adapter, alpha: Double? = nil, tokens: Int? = nil) throws -> RepresentationObjective
  {
    RepresentationObjective(
      model: model, adapters: TrainedAdapters(adapter), layers: try golden.integers("layers"),
      alpha: try alpha ?? golden.facts.double("alpha"), tokens: try tokens ?? golden.facts.int("tokens"))
  }

  private func mean(_ objective: RepresentationObjective) throws -> Tensor {
    let terms = try examples.reduce(0) { $0 + objective.terms(of: $1) }
    return try objective.lossSum(examples, mode: .training(TrainingPass(random: RandomSource(seed: 1)))) / Double(terms)
  }

  @Test func `loss and every gradient equal the formula's`() throws {
    try withoutLeaks {
      let adapter = try adapter()
      let loss = try mean(objective(adapter))
      try golden.expect(loss.reshaped([1]), equals: "loss")
      try golden.expectDiffers(mean(objective(adapter, alpha: 4)).reshaped([1]), from: "loss")
      try golden.expectDiffers(mean(objective(adapter, tokens: 2)).reshaped([1]), from: "loss")
      try loss.backward()
      // Gradients of both wrong objectives above were never asked for.
      try golden.expect(adapter.gradients(), equal: "gradients.")
    }
  }

  @Test func `twenty steps give the formula's losses`() throws {
    try withoutLeaks {
      let adapter = try adapter()
      let objective = try objective(adapter)
      let settings = try golden.facts.reader("optimizer")
      let optimizer = try AdamW(
        adapter.parameters, rule: FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0))
      var losses: [Float] = []
      for _ in 0..<(try settings.int("steps")) {
        let loss = try mean(objective)
        try loss.backward()
        losses.append(Float(try loss.item()))
        try optimizer.update(learningRate: settings.double("lr"))
      }
      try golden.expect(Tensor(losses), equals: "losses")
    }
  }

  @Test func `the trainer takes it, and the distance falls`() throws {
    let adapter = try adapter()
    let trainer = try Trainer(
      model: model, adapter: adapter, training: examples, settings: Toy.settings(epochs: 15),
      objective: objective(adapter))
    let before = try trainer.meanLoss(examples)
    _ = try trainer.run()
    #expect(try trainer.meanLoss(examples) < 0.95 * before)
  }
}

/// An adapter that is trained on top of others.
@Suite(.engineAlone) struct AdaptersBeneath {
  @Test func `what lies beneath stays as it is, and what is trained makes up for it`() throws {
    try withoutLeaks {
      let model = try TinyModel.load()
      let lower = try Toy.adapter(Toy.dropout, model, seed: 9)
      try lower.freeze()
      let before = try lower.numbers()
      let adapter = try Toy.adapter(Toy.lofit, model)
      let objective = CompletionObjective(
        model: model, adapters: TrainedAdapters(adapter, on: [try AdapterUse(lower)]))
      let trainer = try Trainer(
        model: model, adapter: adapter, training: Toy.examples(12),
        settings: Toy.settings(epochs: 6, learningRate: 0.2),
        objective: objective)
      let first = try trainer.meanLoss(Toy.examples(12))
      _ = try trainer.run()
      #expect(try trainer.meanLoss(Toy.examples(12)) < 0.8 * first)
      #expect(try lower.numbers() == before)
      #expect(try lower.parameters.allSatisfy { try $0.tensor.gradient() == nil })
      // Alone it is another model than the one it was trained for.
      let alone = try Trainer(
        model: model, adapter: adapter, training: Toy.examples(12), settings: Toy.settings())
      #expect(try alone.meanLoss(Toy.examples(12)) != trainer.meanLoss(Toy.examples(12)))
    }
  }

  @Test func `records train the subspaces they name, several sets in one batch`() throws {
    let model = try TinyModel.load()
    let plan = Adapter.Plan(
      method: "loreft", settings: ["rank": 4, "subspaces": ["odd": 1, "even": 3]],
      locations: [Toy.place("all.block_output@l1")])
    let adapter = try Toy.adapter(plan, model)
    var examples = Toy.examples(8)
    for i in examples.indices { examples[i].subspaces = i % 2 == 0 ? ["even"] : ["odd"] }
    func loss(_ examples: [TrainingExample]) throws -> Double {
      try withoutGradients {
        try CompletionObjective(model: model, adapter: adapter).lossSum(examples, mode: .inference).item()
      }
    }
    let mixed = try loss(examples)
    let apart =
      try loss(examples.filter { $0.subspaces == ["even"] }) + loss(examples.filter { $0.subspaces == ["odd"] })
    #expect(abs(mixed - apart) < 1e-4)
    #expect(try abs(mixed - loss(Toy.examples(8))) > 1e-3)
    // Only the rows of R, W and b that belong to the named part move.
    let one = Array(examples.filter { $0.subspaces == ["odd"] })
    try CompletionObjective(model: model, adapter: adapter).lossSum(
      one, mode: .training(TrainingPass(random: RandomSource(seed: 1)))
    ).backward()
    let bias = try #require(adapter.parameters.first { $0.name.hasSuffix(".bias") }).tensor
    let gradient = try #require(try bias.gradient()).values(as: Float.self)
    #expect(gradient.count { $0 != 0 } == 1)
    examples[3].subspaces = ["evne"]
    let error = try thrown(AdapterError.self) {
      _ = try Trainer(model: model, adapter: adapter, training: examples, settings: Toy.settings())
    }
    #expect("\(error)".contains("even"))
  }
}
