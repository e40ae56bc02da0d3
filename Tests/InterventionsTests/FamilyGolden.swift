import Checkpoints
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The goldens of LoReFT's relatives, made with pyreft's classes (scripts/goldens/reft_family.py).
struct FamilyGolden {
  let golden: Golden
  private let places: [(layer: Int, positions: String)]

  init(_ name: String) throws {
    golden = try Golden(name)
    places = try golden.facts.array("edits").compactMap { entry in
      guard let layer = entry["layer"]?.int, let positions = entry["positions"]?.string else { return nil }
      return (layer, positions)
    }
  }

  var method: String { get throws { try golden.facts.string("method") } }

  private var settings: JSONObject {
    get throws {
      var settings: JSONObject = ["rank": .integer(try golden.facts.int("rank"))]
      if golden.has("edits.0.weight") { settings["activation"] = .string(try golden.facts.string("activation")) }
      if try method == "noreft" { settings["projection_bias"] = .bool(golden.has("edits.0.projection_bias")) }
      settings["subspaces"] = golden.facts.object["subspaces"]
      return settings
    }
  }

  /// An adapter with the reference's initial weights, trainable; part i is edit i of the golden.
  func adapter(_ method: String? = nil, for model: any LanguageModel) throws -> Adapter {
    let name = try method ?? self.method
    let plan = Adapter.Plan(
      method: name, settings: try settings,
      locations: try places.map { try Location(parsing: "\($0.layer).block_output@\($0.positions)") })
    var tensors: [NamedTensor] = []
    var uses: [Int: Int] = [:]
    for (i, place) in places.enumerated() {
      uses[place.layer, default: 0] += 1
      let key = "\(place.layer).block_output" + (uses[place.layer] == 1 ? "" : "#\(uses[place.layer] ?? 0)")
      let prefix = "edits.\(i)."
      for name in golden.names where name.hasPrefix(prefix) {
        tensors.append(NamedTensor("\(key).\(name.dropFirst(prefix.count))", try golden.tensor(name)))
        guard name.hasSuffix(".base") else { continue }
        tensors.append(NamedTensor("\(key).coordinates", try Tensor.zeros(golden.stored(name).shape)))
      }
    }
    return try golden.adapter(plan, for: model, restoring: tensors)
  }

  func expectFinal(_ adapter: Adapter) throws {
    for (i, part) in adapter.parts.enumerated() {
      for saved in try part.intervention.saved() {
        let tensor = saved.name == "rotation" ? try saved.tensor.transposed() : saved.tensor
        try golden.expect(tensor, equals: "final.\(i).\(saved.name)")
      }
    }
  }
}
