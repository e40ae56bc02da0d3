import Foundation
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// A golden made with peft (scripts/goldens/lora.py).
struct PEFTGolden {
  static let names = ["lora", "lora_patterns", "dora", "dora_bias", "ia3", "vera"]

  let golden: Golden
  let method: String
  let settings: JSONObject
  let prompts: [Int]
  /// Singly run rows.
  let rows: Int

  init(_ name: String) throws {
    golden = try Golden(name)
    method = try golden.facts.string("method")
    settings = try golden.facts.reader("settings").object
    prompts = try golden.integers("prompts")
    rows = try golden.facts.int("rows")
  }

  func model() throws -> any LanguageModel { try TinyModel.load(golden.facts.string("model")) }

  func sequence(_ row: Int) throws -> TokenBatch.Sequence {
    .init(tokens: try golden.ids("ids.\(row)"), promptLength: prompts[row])
  }

  /// The rows of one step.
  func batch(step: Int) throws -> TokenBatch {
    let size = try golden.facts.int("batch")
    return TokenBatch(try (0..<size).map { try sequence((step * size + $0) % prompts.count) })
  }

  /// The parameters as the golden's run begins with them, by their names in our files.
  func start() throws -> [NamedTensor] {
    try golden.names.filter { $0.hasPrefix("start.") }.map {
      NamedTensor(String($0.dropFirst("start.".count)), try golden.tensor($0))
    }
  }

  /// The adapter with these parameters at the sites that have them.
  func adapter(for model: any LanguageModel, _ tensors: [NamedTensor], changing: JSONObject = [:]) throws -> Adapter {
    let components = Set(tensors.map { String($0.name.split(separator: ".")[1]) }).sorted()
    let plan = Adapter.Plan(
      method: method, settings: settings.merging(changing),
      locations: try Location.list(parsing: components.map { "all.\($0)@all" }.joined(separator: ";")))
    return try Adapter(
      plan, of: InterventionRegistry.standard.method(method), for: model, restoring: tensors, source: "golden")
  }

  /// Trains as the golden's run does; the loss of each step.
  func train(_ adapter: Adapter, _ model: any LanguageModel, rate: Double) throws -> [Double] {
    let steps = try golden.facts.int("steps")
    let rule = FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)
    let parameters = adapter.parameters.map(\.tensor)
    let (first, second) = (
      try parameters.map { try Tensor.zeros($0.shape) }, try parameters.map { try Tensor.zeros($0.shape) }
    )
    return try (0..<steps).map { step in
      for parameter in parameters { try parameter.clearGradient() }
      let loss = try LoReFTParity.loss(model, adapter, batch(step: step))
      try loss.backward()
      let gradients = try parameters.map { try #require(try $0.gradient()) }
      let norm = try gradients.reduce(0) { try $0 + pow($1.norm().item(), 2) }.squareRoot()
      for gradient in gradients { try gradient.scale(by: min(1, 1 / (norm + 1e-6))) }
      try rule.update(
        parameters, gradients: gradients, firstMoments: first, secondMoments: second, step: step + 1,
        learningRate: rate * (1 - Double(step) / Double(steps)))
      return try loss.item()
    }
  }
}
