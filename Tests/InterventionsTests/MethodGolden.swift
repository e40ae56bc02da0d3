import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The goldens of methods whose tensors are named as our adapter files name them (scripts/goldens/tapped.py).
struct MethodGolden {
  let golden: Golden
  let model: String
  private let plan: Adapter.Plan
  private let prompts: [Int]
  private let batchSize: Int

  init(_ name: String) throws {
    golden = try Golden(name)
    let facts = golden.facts
    model = try facts.string("model")
    plan = Adapter.Plan(
      method: try facts.string("method"), settings: try facts.reader("settings").object,
      locations: try Location.list(parsing: facts.string("locations")))
    prompts = try golden.integers("prompts")
    batchSize = try facts.int("batch")
  }

  var steps: Int { get throws { try golden.facts.int("steps") } }
  var rate: Double { get throws { try golden.facts.double("rate") } }

  /// The adapter at the golden's large values.
  func adapter(for model: any LanguageModel) throws -> Adapter { try restored("value.", for: model) }

  /// The adapter before training: as the golden says, or as the method makes it.
  func start(for model: any LanguageModel) throws -> Adapter {
    if golden.names.contains(where: { $0.hasPrefix("start.") }) { return try restored("start.", for: model) }
    let method = try InterventionRegistry.standard.method(plan.method)
    return try Adapter(plan, of: method, for: model, using: RandomSource(seed: 1))
  }

  private func restored(_ prefix: String, for model: any LanguageModel) throws -> Adapter {
    let names = golden.names.filter { $0.hasPrefix(prefix) }
    return try Adapter(
      plan, of: InterventionRegistry.standard.method(plan.method), for: model,
      restoring: names.map { NamedTensor(String($0.dropFirst(prefix.count)), try golden.tensor($0)) }, source: "golden")
  }

  func logits(_ row: Int, _ model: any LanguageModel, _ adapter: Adapter?) throws -> Tensor {
    let batch = TokenBatch(prompts: [try golden.ids("ids.\(row)")])
    return try withoutGradients { () throws(TensorError) in
      try model.logits(
        model.hidden(batch, cache: nil, tap: adapter.map { a throws(TensorError) in try a.tap(for: batch) } ?? .none))
    }
  }

  /// The rows of one step, `(step * batch + i) % count`.
  func rows(step: Int) -> [Int] { (0..<batchSize).map { (step * batchSize + $0) % prompts.count } }

  /// Mean cross entropy over the response tokens of these rows, and the method's own term of the loss.
  func loss(
    _ rows: [Int], _ model: any LanguageModel, _ adapter: Adapter, _ pass: TrainingPass
  ) throws -> (task: Tensor, penalty: Tensor?) {
    let batch = TokenBatch(
      try rows.map { .init(tokens: try golden.ids("ids.\($0)"), promptLength: prompts[$0]) })
    let logits = try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch, mode: .training(pass))))
    var predicting: [Int64] = []
    var labels: [Int64] = []
    for (sequence, packed) in zip(batch.sequences, batch.rows) {
      for label in sequence.promptLength..<sequence.tokens.count {
        predicting.append(Int64(packed.lowerBound + label - 1))
        labels.append(Int64(sequence.tokens[label]))
      }
    }
    let task = try logits.selected(Tensor(predicting)).crossEntropy(Tensor(labels)).sum() / Double(labels.count)
    var penalty: Tensor?
    for part in adapter.parts {
      guard let term = try part.intervention.penalty(pass) else { continue }
      penalty = try penalty.map { try $0 + term } ?? term
    }
    return (task, penalty)
  }

  /// Losses, the method's own term included, of a run with the golden's rows and without weight decay.
  func train(_ adapter: Adapter, _ model: any LanguageModel, rate: Double) throws -> [Float] {
    let parameters = adapter.parameters.map(\.tensor)
    let first = try parameters.map { try Tensor.zeros($0.shape) }
    let second = try parameters.map { try Tensor.zeros($0.shape) }
    let rule = FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)
    let random = try RandomSource(seed: 12)
    return try (0..<steps).map { step in
      let (task, penalty) = try loss(rows(step: step), model, adapter, TrainingPass(random: random))
      let loss = try penalty.map { try task + $0 } ?? task
      try loss.backward()
      let gradients = try parameters.map { try #require(try $0.gradient()) }
      try rule.update(
        parameters, gradients: gradients, firstMoments: first, secondMoments: second, step: step + 1, learningRate: rate
      )
      for parameter in parameters { try parameter.clearGradient() }
      return try Float(loss.item())
    }
  }
}
