import Interventions
import JSON
import LanguageModels
import Tensors
import _TestSupport

/// A golden made with peft (scripts/goldens/lora.py).
struct PEFTGolden {
  static let names = ["lora", "lora_patterns", "dora", "dora_bias", "ia3", "vera"]

  let golden: Golden
  let method: String
  let settings: JSONObject
  /// Singly run rows.
  let rows: Int
  /// Rows of a step.
  private let batch: Int

  init(_ name: String) throws {
    golden = try Golden(name)
    method = try golden.facts.string("method")
    settings = try golden.facts.reader("settings").object
    rows = try golden.facts.int("rows")
    batch = try golden.facts.int("batch")
  }

  func model() throws -> any LanguageModel { try TinyModel.load(golden.facts.string("model")) }

  /// The rows of the first step.
  func first() throws -> [TokenBatch.Sequence] { try golden.sequences(step: 0, size: batch) }

  /// The parameters as the golden's run begins with them, by their names in our files.
  func start() throws -> [NamedTensor] { try golden.tensors(after: "start.") }

  /// The adapter with these parameters at the sites that have them.
  func adapter(for model: any LanguageModel, _ tensors: [NamedTensor], changing: JSONObject = [:]) throws -> Adapter {
    let components = Set(tensors.map { String($0.name.split(separator: ".")[1]) }).sorted()
    let plan = Adapter.Plan(
      method: method, settings: settings.merging(changing),
      locations: try Location.list(parsing: components.map { "all.\($0)@all" }.joined(separator: ";")))
    return try golden.adapter(plan, for: model, restoring: tensors)
  }

  /// Trains as the golden's run does; the loss of each step.
  func train(_ adapter: Adapter, _ model: any LanguageModel, rate: Double) throws -> [Float] {
    let steps = try golden.facts.int("steps")
    return try adapter.descend(steps: steps, clip: 1, rate: linearDecay(from: rate, steps: steps)) { step in
      let loss = try model.responseLoss(golden.sequences(step: step, size: batch), adapter)
      return (loss, try loss.item())
    }
  }
}
