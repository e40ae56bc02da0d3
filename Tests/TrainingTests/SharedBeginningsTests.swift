import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// What examples of one step have in common is computed once, and nobody sees it.
@Suite(.engineAlone) struct SharedBeginningsTests {
  private static func example(_ tokens: [Int32], prompt: Int) -> TrainingExample {
    TrainingExample(tokens: tokens, promptLength: prompt, source: "here")
  }

  private static let examples = [
    example([1, 9, 4, 7, 20, 21, 22, 30, 31], prompt: 7), example([1, 9, 4, 7, 23, 24, 25, 26, 32], prompt: 8),
    example([1, 9, 4, 7, 20, 21, 22, 33], prompt: 7), example([2, 9, 4, 7, 20, 21, 22, 33], prompt: 7),
    // The same prompt with another answer, and the beginning of another example as a whole.
    example([1, 9, 4, 7, 20, 21, 22, 34, 31], prompt: 7), example([1, 9, 4, 7], prompt: 3),
  ]

  /// Plans with the rows they compute of the examples: every token but the last of each, once for all who share it.
  private static let plans: [(plan: Adapter.Plan, rows: Int)] = [
    // 1 9 4 7 | 20 21 22 | 30; 33 and 34 are last or alone; 2 9 4 7 20 21 22 shares nothing; of [1 9 4] the end is edited.
    (
      Adapter.Plan(method: "lora", settings: ["rank": 2], locations: [Toy.place("all.query@all")]),
      4 + 3 + 1 + 1 + 4 + 7
    ),
    (Adapter.Plan(method: "lofit", settings: [:], locations: [Toy.place("0.head_attention_value_output@all")]), 20),
    (Adapter.Plan(method: "red", settings: [:], locations: [Toy.place("all.mlp_output@all")]), 20),
    (Adapter.Plan(method: "loreft", settings: ["rank": 2], locations: [Toy.place("all.block_output@f2+l2")]), 21),
  ]

  private func loss(
    _ plan: Adapter.Plan, _ model: any LanguageModel
  ) throws -> (loss: Double, gradients: [[Float]]) {
    let adapter = try Toy.adapter(plan, model)
    let random = try RandomSource(seed: 3)
    // Away from the start, where many gradients are zero.
    for parameter in adapter.parameters {
      try parameter.tensor.assign(random.normal(parameter.tensor.shape, deviation: 0.3))
    }
    let loss = try CompletionObjective(model: model, adapter: adapter).lossSum(
      Self.examples, mode: .training(TrainingPass(random: random)))
    try loss.backward()
    return (
      try loss.item(), try adapter.parameters.map { try $0.tensor.gradient()?.values(as: Float.self) ?? [] }
    )
  }

  @Test(arguments: plans.indices)
  func `loss and gradients are those of rows of their own`(index: Int) throws {
    let model = try TinyModel.load()
    let (plan, rows) = Self.plans[index]
    let (alone, shared) = (CountingModel(model), CountingModel(model, takesBranches: true))
    let (a, b) = (try loss(plan, alone), try loss(plan, shared))
    #expect(alone.whole == Self.examples.reduce(0) { $0 + $1.tokens.count - 1 })
    #expect(shared.whole == rows)
    #expect(abs(a.loss - b.loss) < 1e-4 * abs(a.loss))
    for (x, y) in zip(a.gradients, b.gradients) {
      let size = x.map(abs).max() ?? 0
      #expect(size > 0 && zip(x, y).allSatisfy { abs($0 - $1) < 1e-4 * size })
    }
  }

  @Test func `what draws by chance has rows of its own`() throws {
    let model = CountingModel(try TinyModel.load(), takesBranches: true)
    _ = try loss(Toy.dropout, model)
    #expect(model.whole == Self.examples.reduce(0) { $0 + $1.tokens.count - 1 })
  }

  /// Windows and caps on scores are not among the branches' attention.
  @Test(arguments: ["mistral_window", "gemma2", "bert"])
  func `a model that cannot branch says so`(name: String) throws {
    #expect(try !TinyModel.load(name).takesBranches)
    #expect(try TinyModel.load().takesBranches)
  }
}
