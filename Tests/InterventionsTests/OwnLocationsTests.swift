import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Where methods act when the user does not say.
@Suite(.engineAlone) struct OwnLocations {
  @Test(arguments: InterventionRegistry.standard.methods.map(\.name), ["llama_gqa_tied", "gpt2", "gpt_neox", "bert"])
  func `every method has a place in every model`(method: String, name: String) throws {
    let (method, model) = (try InterventionRegistry.standard.method(method), try TinyModel.load(name))
    let locations = try method.locations(in: model)
    let written = try Location.list(parsing: method.defaultLocations)
    #expect(!locations.isEmpty)
    // A gate that a plain network lacks, and nothing else.
    #expect(written.filter { !locations.contains($0) }.allSatisfy { $0.component == .mlpGate })
    #expect((written == locations) == written.allSatisfy { model.components.contains($0.component) })
  }

  @Test func `a place that a user asked for is never left out`() throws {
    let model = try TinyModel.load("gpt2")
    let plan = Adapter.Plan(
      method: "bitfit", settings: [:], locations: try Location.list(parsing: "all.mlp_gate;all.mlp_up"))
    let error = try thrown(LocationError.self) {
      _ = try Adapter(
        plan, of: InterventionRegistry.standard.method("bitfit"), for: model, using: RandomSource(seed: 1))
    }
    guard case .componentNotOffered("mlp_gate", _) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `BitFit and full fine-tuning act on every projection of a block`() throws {
    for (name, count) in [("llama_gqa_tied", 7), ("gpt2", 6)] {
      let model = try TinyModel.load(name)
      for method in ["bitfit", "full"] {
        let locations = try InterventionRegistry.standard.method(method).locations(in: model)
        #expect(locations.count == count)
        #expect(locations.allSatisfy { model.projection(writing: $0.component, layer: 0) != nil })
      }
    }
  }
}
