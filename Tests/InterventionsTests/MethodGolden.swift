import Interventions
import JSON
import LanguageModels
import Tensors
import _TestSupport

/// The goldens of methods whose tensors are named as our adapter files name them (scripts/goldens/tapped.py).
struct MethodGolden {
  let golden: Golden
  let model: String
  private let plan: Adapter.Plan
  private let batch: Int

  init(_ name: String) throws {
    golden = try Golden(name)
    let facts = golden.facts
    model = try facts.string("model")
    plan = Adapter.Plan(
      method: try facts.string("method"), settings: try facts.reader("settings").object,
      locations: try Location.list(parsing: facts.string("locations")))
    batch = try facts.int("batch")
  }

  var rate: Double { get throws { try golden.facts.double("rate") } }

  /// The adapter at the golden's large values.
  func adapter(for model: any LanguageModel) throws -> Adapter {
    try golden.adapter(plan, for: model, restoring: golden.tensors(after: "value."))
  }

  /// The adapter before training: as the golden says, or as the method makes it.
  func start(for model: any LanguageModel) throws -> Adapter {
    let start = try golden.tensors(after: "start.")
    if !start.isEmpty { return try golden.adapter(plan, for: model, restoring: start) }
    let method = try InterventionRegistry.standard.method(plan.method)
    return try Adapter(plan, of: method, for: model, using: RandomSource(seed: 1))
  }

  /// The logits of a row that is a prompt as a whole.
  func logits(_ row: Int, _ model: any LanguageModel, _ adapter: Adapter?) throws -> Tensor {
    try model.rowLogits(.init(tokens: golden.ids("ids.\(row)")), adapter)
  }

  /// Mean cross entropy over the response tokens of a step's rows, and the method's own term of the loss.
  func loss(
    step: Int, _ model: any LanguageModel, _ adapter: Adapter, _ pass: TrainingPass
  ) throws -> (task: Tensor, penalty: Tensor?) {
    let task = try model.responseLoss(golden.sequences(step: step, size: batch), adapter, .training(pass))
    var penalty: Tensor?
    for part in adapter.parts {
      guard let term = try part.intervention.penalty(pass) else { continue }
      penalty = try penalty.map { try $0 + term } ?? term
    }
    return (task, penalty)
  }

  /// Losses, the method's own term included, of a run with the golden's rows.
  func train(_ adapter: Adapter, _ model: any LanguageModel, rate: Double) throws -> [Float] {
    let random = try RandomSource(seed: 12)
    return try adapter.descend(steps: golden.facts.int("steps"), rate: { _ in rate }) { step in
      let (task, penalty) = try loss(step: step, model, adapter, TrainingPass(random: random))
      let loss = try penalty.map { try task + $0 } ?? task
      return (loss, try loss.item())
    }
  }
}
