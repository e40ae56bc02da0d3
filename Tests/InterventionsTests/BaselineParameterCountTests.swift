import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Numbers of trained numbers as the papers' tables have them; the others are with LoReFT and LoFiT.
@Suite(.engineAlone) struct BaselineParameterCounts {
  private static let llama7B = ModelShape(
    layers: 32, hidden: 4096, heads: 32, kvHeads: 32, headDim: 128, intermediate: 11_008, vocabulary: 32_000,
    contextLength: 4096)
  private static let llama13B = ModelShape(
    layers: 40, hidden: 5120, heads: 40, kvHeads: 40, headDim: 128, intermediate: 13_824, vocabulary: 32_000,
    contextLength: 4096)
  private static let robertaBase = ModelShape(
    layers: 12, hidden: 768, heads: 12, kvHeads: 12, headDim: 64, intermediate: 3072, vocabulary: 50_265,
    contextLength: 512)

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

  @Test func `RED has two numbers for each entry of the network's output`() throws {
    #expect(try count(RED.self, .init(), Self.llama7B) == 262_144)
    #expect(try count(RED.self, .init(), Self.llama13B) == 409_600)
    #expect(try count(RED.self, .init(), Self.robertaBase) == 18_432)
  }

  /// LLM-Adapters' tables count the adapter's share of model and adapter together.
  private func percent(_ trained: Int, _ model: Int) -> Double {
    (100_000 * Double(trained) / Double(model + trained)).rounded() / 1000
  }

  @Test func `bottlenecks of 256 are the shares of the LLM-Adapters tables`() throws {
    let (small, large) = (6_738_415_616, 13_015_864_320)  // Llama 7B and 13B
    let shapes = [Self.llama7B, Self.llama13B]
    let series = try shapes.map { try count(SeriesAdapter.self, .init(), $0) }
    #expect(series == [134_217_728, 209_715_200])
    #expect(percent(series[0], small) == 1.953 && percent(series[1], large) == 1.586)
    let parallel = try shapes.map { try count(ParallelAdapter.self, .init(), $0) }
    #expect(parallel == [247_463_936, 387_973_120])
    #expect(percent(parallel[0], small) == 3.542 && percent(parallel[1], large) == 2.894)
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
        weights += projection.weight.elementCount
        biases += try #require(projection.bias).elementCount
      }
    }
    let everywhere = components.map { "all.\($0.rawValue)" }.joined(separator: ";")
    #expect(try adapter("full", everywhere).parameterCount == weights + biases)
    #expect(try adapter("bitfit", everywhere).parameterCount == biases)
  }
}
