public import Interventions
public import LanguageModels
import JSON
import Tensors

/// The LoReFT goldens made with pyreft (scripts/goldens/loreft.py).
public struct LoReFTGolden {
  public let golden: Golden
  public let prompts: [Int]
  private let edits: [(layer: Int, positions: String)]

  public init(_ name: String, file: String = #filePath) throws {
    golden = try Golden(name, file: file)
    prompts = try golden.integers("prompts")
    edits = try golden.facts.array("edits").compactMap { entry in
      guard let layer = entry["layer"]?.int, let positions = entry["positions"]?.string else { return nil }
      return (layer, positions)
    }
  }

  /// An adapter with pyreft's initial weights, trainable in its coordinates; part i is edit i of the golden.
  public func adapter(for model: any LanguageModel) throws -> Adapter {
    let rank = try golden.facts.int("rank")
    let activation = try golden.facts.string("activation")
    let locations = try edits.map { try Location(parsing: "\($0.layer).block_output@\($0.positions)") }
    let plan = Adapter.Plan(
      method: "loreft", settings: ["rank": .integer(rank), "activation": .string(activation), "dropout": 0.0],
      locations: locations)
    var tensors: [NamedTensor] = []
    var uses: [Int: Int] = [:]
    for (i, edit) in edits.enumerated() {
      uses[edit.layer, default: 0] += 1
      let key = "\(edit.layer).block_output" + (uses[edit.layer] == 1 ? "" : "#\(uses[edit.layer] ?? 0)")
      let base = try golden.tensor("edits.\(i).R")
      tensors.append(NamedTensor("\(key).base", base))
      tensors.append(NamedTensor("\(key).coordinates", try Tensor.zeros(base.shape)))
      tensors.append(NamedTensor("\(key).weight", try golden.tensor("edits.\(i).W")))
      tensors.append(NamedTensor("\(key).bias", try golden.tensor("edits.\(i).b")))
    }
    return try golden.adapter(plan, for: model, restoring: tensors)
  }
}
