import Interventions
import JSON
import LanguageModels
import Tensors
import _TestSupport

@testable import Training

/// A task that a tiny model can learn: the response repeats one token that the prompt decides.
enum Toy {
  /// - Parameter strange: the answer is one that is never learned, so that who learns the task gets worse at these.
  static func examples(_ count: Int, from first: Int = 0, strange: Bool = false) -> [TrainingExample] {
    (first..<first + count).map { i in
      // Lengths differ, so that batches and token budgets have something to do.
      let prompt = (0..<3 + i % 5).map { Int32((i * 7 + $0 * 13 + 3) % 97) }
      let answer: Int32 = strange ? 77 : i % 2 == 0 ? 11 : 42
      return TrainingExample(
        tokens: prompt + [Int32](repeating: answer, count: 1 + i % 3) + (strange ? [] : [2]),
        promptLength: prompt.count,
        source: "toy.jsonl, line \(i + 1)")
    }
  }

  static let loreft = Adapter.Plan(
    method: "loreft", settings: ["rank": 2, "dropout": 0.0], locations: [place("all.block_output@f2+l2")])
  static let dropout = Adapter.Plan(
    method: "loreft", settings: ["rank": 2, "dropout": 0.2], locations: [place("all.block_output@f2|l2")])
  static let reftR1 = Adapter.Plan(
    method: "reft_r1", settings: ["k": 2, "l1": 0.1], locations: [place("1.block_output@1..-1+generated")])
  static let lofit = Adapter.Plan(
    method: "lofit", settings: ["part": "scale"], locations: [place("all.head_attention_value_output@all")])

  static func place(_ text: String) -> Location {
    do { return try Location(parsing: text) } catch { preconditionFailure("\(error)") }
  }

  static func adapter(_ plan: Adapter.Plan, _ model: any LanguageModel, seed: UInt64 = 1) throws -> Adapter {
    try Adapter(
      plan, of: InterventionRegistry.standard.method(plan.method), for: model, using: RandomSource(seed: seed))
  }

  static func adapter(_ saved: SavedRun, _ plan: Adapter.Plan, _ model: any LanguageModel) throws -> Adapter {
    try Adapter(
      plan, of: InterventionRegistry.standard.method(plan.method), for: model, restoring: saved.adapterTensors,
      source: saved.path)
  }

  static func settings(
    epochs: Int = 3, batchSize: Int = 4, accumulation: Int = 1, microBatchTokens: Int = 2048,
    learningRate: Double = 2e-2, seed: UInt64 = 42, patience: Int? = nil
  ) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batchSize: batchSize, accumulation: accumulation, microBatchTokens: microBatchTokens,
      learningRate: learningRate, warmupRatio: 0.1, seed: seed, patience: patience)
  }
}

/// What a run told on its way, without the clock.
struct Diary: Equatable {
  var losses: [Double] = []
  var rates: [Double] = []
  var norms: [Double] = []
  var epochLosses: [Double] = []
  var validationLosses: [Double?] = []
  var bests: [Bool] = []

  mutating func note(_ event: TrainingEvent) {
    switch event {
    case .step(let step):
      losses.append(step.loss)
      rates.append(step.learningRate)
      norms.append(step.gradientNorm)
    case .epoch(let epoch):
      epochLosses.append(epoch.loss)
      validationLosses.append(epoch.validationLoss)
      bests.append(epoch.isBest)
    }
  }

  static func + (a: Diary, b: Diary) -> Diary {
    Diary(
      losses: a.losses + b.losses, rates: a.rates + b.rates, norms: a.norms + b.norms,
      epochLosses: a.epochLosses + b.epochLosses, validationLosses: a.validationLosses + b.validationLosses,
      bests: a.bests + b.bests)
  }
}

extension Trainer {
  /// The whole run, with a listener.
  func follow(_ listener: (TrainingEvent) throws -> Void) throws -> Ending { try run(onEvent: listener) }
}

extension Adapter {
  /// The numbers of the adapter file.
  func numbers() throws -> [[Float]] { try saved().map { try $0.tensor.values() } }
}
