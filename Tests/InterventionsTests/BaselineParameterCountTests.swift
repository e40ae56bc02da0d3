import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Trainable parameters by formula, of methods that no table of the papers counts; ``ParameterCounts`` has the others.
@Suite(.engineAlone) struct BaselineParameterCounts {
  private static let llama7B = ModelShape(
    layers: 32, hidden: 4096, heads: 32, kvHeads: 32, headDim: 128, intermediate: 11_008, vocabulary: 32_000,
    contextLength: 4096)

  /// One layer's interventions at the method's own locations, times the layers.
  private func count<I: Intervention>(_ type: I.Type, _ configuration: I.Configuration, _ shape: ModelShape) throws
    -> Int
  {
    let random = try RandomSource(seed: 1)
    let components = try Location.list(parsing: I.defaultLocations).map(\.component)
    return try components.reduce(0) { sum, component in
      let target = Target(site: Site(layer: 0, component: component), shape: shape)
      return try sum + I(configuration, on: target, using: random).parameterCount
    } * shape.layers
  }

  @Test func `JoLA has two vectors and two gates a head`() throws {
    #expect(try count(JoLA.self, .init(), Self.llama7B) == 32 * 32 * (2 * 128 + 2))
  }

  @Test func `LoFiT with both parts has twice the numbers of one`() throws {
    #expect(try count(LoFiT.self, .init(part: .both), Self.llama7B) == 2 * count(LoFiT.self, .init(), Self.llama7B))
  }

  @Test func `fine-tuning counts the weights of the projections, BitFit a number for each of their outputs`() throws {
    let model = try TinyModel.load("llama_mha_bias")
    func adapter(_ method: String, _ place: String) throws -> Adapter {
      try Adapter(
        .init(method: method, settings: [:], locations: Location.list(parsing: place)),
        of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 1))
    }
    let components: [Component] = [.query, .key, .value, .attentionOutput, .mlpGate, .mlpUp, .mlpOutput]
    var (weights, biases) = (0, 0)
    for layer in 0..<model.shape.layers {
      for component in components {
        let projection = try #require(model.projection(writing: component, layer: layer))
        weights += projection.matrix.outputs * projection.matrix.inputs
        biases += try #require(projection.bias).elementCount
      }
    }
    let everywhere = components.map { "all.\($0.rawValue)" }.joined(separator: ";")
    #expect(try adapter("full", everywhere).parameterCount == weights + biases)
    #expect(try adapter("bitfit", everywhere).parameterCount == biases)
  }
}
