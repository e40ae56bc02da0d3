import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// HF Trainer's `zero_grad` under pyvene clears the gradients of interventions alone: whatever else is trained beside them adds
/// up its gradients for ever.
@Suite(.engineAlone) struct ForgottenGradientsTrap {
  private static let lora = Adapter.Plan(
    method: "lora", settings: ["rank": 2], locations: [Toy.place("all.query"), Toy.place("all.value")])

  /// Gradients of both adapters, acting together, where their parameters stand.
  private func gradients(
    _ adapters: [Adapter], _ model: any LanguageModel, _ examples: [TrainingExample]
  ) throws -> [[Float]] {
    let batch = TokenBatch(examples.map { .init(tokens: $0.tokens, promptLength: $0.promptLength) })
    let tap = try AdapterRoutes(adapters).tap(for: batch)
    let logits = try model.logits(model.hidden(batch, cache: nil, tap: tap))
    let labels = try Tensor(batch.sequences.flatMap(\.tokens).map(Int64.init))
    try logits.crossEntropy(labels).sum().backward()
    return try adapters.flatMap(\.parameters).map { try #require(try $0.tensor.gradient()).values() }
  }

  @Test func `zero_grad: two adapters trained together forget the gradients of every update`() throws {
    let model = try TinyModel.load()
    let adapters = [try Toy.adapter(Toy.loreft, model), try Toy.adapter(Self.lora, model)]
    let optimizer = try AdamW(
      adapters.flatMap(\.parameters), rule: FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0))
    for step in 0..<3 {
      let kept = try gradients(adapters, model, Toy.examples(4, from: 4 * step))
      // The same pass over adapters that never saw another update.
      let fresh = try adapters.map {
        try Adapter(
          $0.plan, of: InterventionRegistry.standard.method($0.plan.method), for: model, restoring: $0.trainingState(),
          source: "state")
      }
      #expect(try gradients(fresh, model, Toy.examples(4, from: 4 * step)) == kept)
      _ = try optimizer.clip(to: 1)
      try optimizer.update(learningRate: 1e-2)
      for parameter in adapters.flatMap(\.parameters) { #expect(try parameter.tensor.gradient() == nil) }
    }
  }

  @Test func `the comparison sees gradients that were not forgotten`() throws {
    let model = try TinyModel.load()
    let adapters = [try Toy.adapter(Toy.loreft, model), try Toy.adapter(Self.lora, model)]
    let once = try gradients(adapters, model, Toy.examples(4))
    #expect(try gradients(adapters, model, Toy.examples(4)) != once)
  }
}
