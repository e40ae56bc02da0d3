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

  func example(_ row: Int) throws -> Example {
    Example(tokens: try golden.ids("ids.\(row)"), promptLength: prompts[row])
  }

  /// The rows of the first step.
  func first() throws -> [Example] { try (0..<golden.facts.int("batch")).map(example) }

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
  func train(_ adapter: Adapter, _ model: any LanguageModel, rate: Double) throws -> [Float] {
    let size = try golden.facts.int("batch")
    return try adapter.descend(steps: golden.facts.int("steps"), rate: rate) { step in
      let rows = (0..<size).map { (step * size + $0) % prompts.count }
      let loss = try model.responseLoss(rows.map(example), adapter)
      return (loss, try loss.item())
    }
  }
}
