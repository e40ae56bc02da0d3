import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// What goes wrong in the trainer of fc2869/lo-fit, and what happens here instead.
@Suite(.engineAlone) struct LoFiTTrainingTraps {
  /// There, the evaluation loss has the L1 term, so that the best epoch is one of small scales.
  @Test func `the L1 term is no part of the evaluation loss`() throws {
    let model = try TinyModel.load()
    func evaluation(_ l1: Double) throws -> Double {
      var settings = Toy.settings(epochs: 1)
      settings.l1 = l1
      let adapter = try Toy.adapter(Toy.lofit, model)
      let trainer = try Trainer(
        model: model, adapter: adapter, training: Toy.examples(4), validation: Toy.examples(4, from: 100),
        settings: settings)
      return try trainer.meanLoss(Toy.examples(4, from: 100))
    }
    #expect(try evaluation(100) == evaluation(0))
  }

  /// There, it is added to the loss of every piece of a batch.
  @Test(arguments: [1, 15])
  func `the L1 term counts once an update, in however many pieces its batch is read`(budget: Int) throws {
    let model = try TinyModel.load()
    func norms(_ budget: Int, batch: Int, accumulation: Int) throws -> [Double] {
      var settings = Toy.settings(
        epochs: 1, batchSize: batch, accumulation: accumulation, microBatchTokens: budget, learningRate: 1e-9)
      settings.l1 = 1
      let trainer = try Trainer(
        model: model, adapter: Toy.adapter(Toy.lofit, model), training: Toy.examples(8), settings: settings)
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      return diary.norms
    }
    let whole = try norms(2048, batch: 4, accumulation: 1)
    for other in [try norms(budget, batch: 4, accumulation: 1), try norms(budget, batch: 2, accumulation: 2)] {
      #expect(other.count == 2 && zip(whole, other).allSatisfy { abs($0 - $1) < 1e-4 * $0 }, "\(whole), \(other)")
    }
  }

  /// There, it is taken over whatever happens to require gradients.
  @Test func `the L1 term counts the adapter and nothing else`() throws {
    let model = try TinyModel.load()
    let adapter = try Toy.adapter(Toy.lofit, model)
    let sum = try #require(try adapter.absoluteSum()).item()
    let expected = try adapter.parameters.reduce(0) { sum, parameter in
      try sum + parameter.tensor.values(as: Double.self).reduce(0) { $0 + abs($1) }
    }
    #expect(abs(sum - expected) < 1e-6 * expected)
  }

  /// There, the loss begins behind the last match of a template's tokens: an answer that holds them again loses its beginning,
  /// and one without a match is dropped without a word.
  @Test func `completion template: the loss begins where the prompt ends, whatever the answer holds`() throws {
    let model = try TinyModel.load()
    let adapter = try Toy.adapter(Toy.lofit, model)
    let objective = CompletionObjective(model: model, adapter: adapter)
    let colon: Int32 = 28
    let tokens: [Int32] = [5, 6, colon, 7, colon, 8, 2]
    let whole = TrainingExample(tokens: tokens, promptLength: 3, source: "colons")
    #expect(whole.labelCount == 4)
    let cut = TrainingExample(tokens: tokens, promptLength: 5, source: "colons")
    let (all, rest) = try withoutGradients {
      (try objective.lossSum([whole], mode: .inference).item(), try objective.lossSum([cut], mode: .inference).item())
    }
    #expect(all > rest)
  }

  /// JoLA's gates: their penalty reaches the gates through the trainer.
  @Test func `the trainer adds a method's own penalty to the loss, and does not report it`() throws {
    let model = try TinyModel.load()
    func run(_ weight: Double) throws -> (first: Double, gates: Double) {
      let plan = Adapter.Plan(
        method: "jola", settings: ["scale_penalty": .number(weight), "bias_penalty": .number(weight)],
        locations: [Toy.place("all.head_attention_value_output@all")])
      let adapter = try Toy.adapter(plan, model)
      let trainer = try Trainer(
        model: model, adapter: adapter, training: Toy.examples(12), settings: Toy.settings(epochs: 2))
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      let gates = try adapter.parameters.filter { $0.name.hasSuffix("_gate") }.reduce(0) {
        try $0 + $1.tensor.values(as: Double.self).reduce(0, +)
      }
      return (diary.losses[0], gates)
    }
    let (free, costly) = (try run(0), try run(10))
    #expect(free.first == costly.first && costly.gates < free.gates - 1)
  }
}
