import Diagnostics
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Interventions

/// Laws of LoRA, DoRA, (IA)3 and VeRA beyond those of all methods.
@Suite(.engineAlone) struct LowRankLaws {
  private func adapter(
    _ method: String, _ settings: JSONObject = [:], at places: String = "all.query;all.value",
    _ model: any LanguageModel, seed: UInt64 = 5
  ) throws -> Adapter {
    try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: places)),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: seed))
  }

  private func random(_ shape: [Int], seed: UInt64) throws -> Tensor { try RandomSource(seed: seed).normal(shape) }

  /// A target of a map with random weights.
  private func target(_ outputs: Int, _ inputs: Int, biased: Bool = false) throws -> Target {
    let shape = ModelShape(
      layers: 2, hidden: inputs, heads: 1, kvHeads: 1, headDim: outputs, intermediate: 8, vocabulary: 8,
      contextLength: 8)
    let map = Projection(
      weightName: "w", biasName: "b", matrix: .plain(try random([outputs, inputs], seed: 1)),
      bias: biased ? try random([outputs], seed: 2) : nil)
    return Target(site: Site(layer: 0, component: .query), shape: shape, projection: map)
  }

  private func edited(
    _ intervention: any Intervention, _ y: Tensor, from x: Tensor, _ mode: EditMode = .inference
  ) throws -> [Float] {
    let edit = try intervention.edit(mode)
    return try withoutGradients { () throws(TensorError) in try edit(y, from: x).values(as: Float.self) }
  }

  private func move(_ intervention: any Intervention, seed: UInt64 = 9) throws {
    let source = try RandomSource(seed: seed)
    for parameter in intervention.parameters {
      try parameter.tensor.assign(
        parameter.tensor.detached() + source.normal(parameter.tensor.shape, deviation: 0.3))
    }
  }

  @Test(arguments: ["lora", "dora"])
  func `A is uniform up to one over the root of the inputs, B is zero`(method: String) throws {
    let target = try target(16, 400)
    let settings = JSONReader(["rank": 20] as JSONObject, source: "test")
    let made = try InterventionRegistry.standard.method(method).make(settings, target, RandomSource(seed: 3))
    let A = try #require(made.parameters.first { $0.name == "A" }).tensor.values(as: Float.self)
    let bound: Float = 1 / 20
    #expect(A.allSatisfy { abs($0) <= bound } && A.contains { $0 > 0.99 * bound } && A.contains { $0 < -0.99 * bound })
    // A uniform variable's deviation is bound / sqrt 3; five standard errors of 8000 draws.
    let deviation = (A.reduce(0) { $0 + $1 * $1 } / Float(A.count)).squareRoot()
    #expect(abs(deviation / (bound / 3.0.squareRootOfFloat) - 1) < 0.03)
    let B = try #require(made.parameters.first { $0.name == "B" }).tensor.values(as: Float.self)
    #expect(B.count == 16 * 20 && B.allSatisfy { $0 == 0 })
  }

  @Test func `a rank-stabilised scaling divides by the root of the rank`() throws {
    let target = try target(6, 5)
    let (x, y) = (try random([3, 5], seed: 4), try random([3, 6], seed: 5))
    let parameters = [
      NamedTensor("A", try random([4, 5], seed: 6)), NamedTensor("B", try random([6, 4], seed: 7)),
    ]
    func edit(_ settings: LoRA.Configuration) throws -> [Float] {
      try edited(LoRA(settings, on: target, restoring: SavedTensors(parameters, source: "test")), y, from: x)
    }
    #expect(
      try edit(.init(rank: 4, alpha: 8, rankStabilised: true)) == edit(.init(rank: 4, alpha: 16)))
    #expect(try edit(.init(rank: 4, alpha: 8)) != edit(.init(rank: 4, alpha: 16)))
  }

  @Test func `dropout of LoRA thins the input of the change and nothing else`() throws {
    let target = try target(6, 5)
    let lora = try LoRA(.init(rank: 4, alpha: 8, dropout: 0.5), on: target, using: RandomSource(seed: 3))
    let (x, y) = (try random([7, 5], seed: 4), try random([7, 6], seed: 5))
    func trained(_ seed: UInt64) throws -> [Float] {
      try edited(lora, y, from: x, .training(TrainingPass(random: RandomSource(seed: seed))))
    }
    // B is zero at the start: whatever is dropped, the map's own output stays.
    #expect(try trained(1) == y.values())
    try move(lora)
    let kept = try RandomSource(seed: 1).bernoulli([7, 5], probability: 0.5) / 0.5
    #expect(try trained(1) == edited(lora, y, from: x * kept))
    #expect(try trained(1) != edited(lora, y, from: x))
    #expect(try trained(1) != trained(2))
  }

  @Test(arguments: [false, true])
  func `dropout of DoRA thins the input of everything but the map's own output`(biased: Bool) throws {
    let target = try target(6, 5, biased: biased)
    let map = try #require(target.projection)
    let dora = try DoRA(
      .init(.init(rank: 4, alpha: 8, dropout: 0.5)), on: target, using: RandomSource(seed: 3))
    try move(dora)
    let x = try random([7, 5], seed: 4)
    let y = try x.linear(map.weight, bias: map.bias)
    let got = try edited(dora, y, from: x, .training(TrainingPass(random: RandomSource(seed: 1))))
    // y + (W' - W) x', stated by the folded weights.
    let thinned = try x * (RandomSource(seed: 1).bernoulli([7, 5], probability: 0.5) / 0.5)
    let folded = try withoutGradients { try dora.folded(into: map) }
    let expected = try y + thinned.linear(folded.weight - map.weight)
    #expect(gap(got, try expected.values()) < 1e-5)
    #expect(gap(got, try edited(dora, y, from: x)) > 0.1)
  }

  @Test func `the rows of DoRA's weights have the lengths that its magnitudes say`() throws {
    // 150 rows: two whole blocks and a part of one.
    let target = try target(150, 40)
    let map = try #require(target.projection)
    let dora = try DoRA(.init(), on: target, using: RandomSource(seed: 3))
    for seed in [1, 2] as [UInt64] {
      try move(dora, seed: seed)  // The norms must follow: those of the first round are no longer right.
      let weight = try dora.folded(into: map).weight.values(as: Double.self)
      let magnitudes = try #require(dora.parameters.last).tensor.values(as: Double.self)
      for (row, magnitude) in magnitudes.enumerated() {
        let norm = weight[row * 40..<(row + 1) * 40].reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(norm / abs(magnitude) - 1) < 1e-6)
      }
    }
  }

  @Test func `DoRA keeps nothing of the size of the weights`() throws {
    let (outputs, inputs, rank) = (192, 160, 2)
    let target = try target(outputs, inputs)
    let dora = try DoRA(.init(.init(rank: rank)), on: target, using: RandomSource(seed: 3))
    try move(dora)
    let before = Engine.liveTensors
    let edit = try dora.edit(.inference)
    // The norms, and g.
    #expect(Engine.liveTensors - before == 2)
    #expect(try edited(dora, random([1, outputs], seed: 1), from: random([1, inputs], seed: 2)).count == outputs)
    withExtendedLifetime(edit) {}
  }

  @Test func `VeRA's matrices are peft's for the same key, and all sites share them`() throws {
    let golden = try Golden("vera")
    let made = try VeRA.projections(.init(rank: 6, projectionKey: 5), inputs: 56, outputs: 32)
    #expect(try made.A.values() == golden.floats("shared.A"))
    #expect(try made.B.values() == golden.floats("shared.B"))
    let other = try VeRA.projections(.init(rank: 6, projectionKey: 6), inputs: 56, outputs: 32)
    #expect(try other.A.values() != golden.floats("shared.A"))

    let model = try TinyModel.load()
    let places = "all.query;all.value;all.mlp_output"
    let vera = try adapter("vera", ["rank": 6, "projection_prng_key": 5], at: places, model)
    #expect(vera.parts.count == 9)
    let shared = try #require(vera.parts.first).target.shared
    for part in vera.parts { #expect(part.target.shared === shared) }
    func known(_ name: String) throws -> [Float] {
      try shared(name) { throw AdapterError.missingTensor(name: name, source: "test", found: []) }.values()
    }
    #expect(try known("vera_A") == golden.floats("shared.A"))
    #expect(try known("vera_B") == golden.floats("shared.B"))
    #expect(vera.parameterCount == 3 * ((6 + 32) + (6 + 16) + (6 + 32)))
    #expect(try vera.saved().allSatisfy { ["d", "b"].contains($0.name.split(separator: ".").last) })
  }

  @Test(arguments: ["lora", "dora", "vera"])
  func `a site that no linear map writes is refused, with the ones that are`(method: String) throws {
    let model = try TinyModel.load()
    for component in [Component.blockOutput, .headOutput, .mlpActivation, .blockInput, .attentionInput] {
      let error = try thrown(AdapterError.self) {
        _ = try adapter(method, at: "0.\(component.rawValue)", model)
      }
      guard case .site(method, component.rawValue, let expected) = error else {
        Issue.record("\(error)")
        continue
      }
      for name in ["query", "key", "value", "attention_output", "mlp_gate", "mlp_up", "mlp_output"] {
        #expect(expected.contains(name))
      }
    }
  }

  @Test func `(IA)3 acts on outputs of maps and on the hidden layer of the network`() throws {
    let model = try TinyModel.load()
    for component in [Component.blockOutput, .headOutput, .blockInput] {
      _ = try thrown(AdapterError.self) { _ = try adapter("ia3", at: "0.\(component.rawValue)", model) }
    }
    let usual = try adapter("ia3", at: IA3.defaultLocations, model)
    #expect(usual.parameterCount == 3 * (16 + 16 + 56))
    for parameter in usual.parameters { #expect(try parameter.tensor.values(as: Float.self).allSatisfy { $0 == 1 }) }
  }

  @Test func `a pattern with layers goes before one without, in either order`() throws {
    let model = try TinyModel.load()
    for patterns in [["query": 2, "1.query": 5], ["1.query": 5, "query": 2]] as [JSONObject] {
      let lora = try adapter("lora", ["rank": 3, "rank_pattern": .object(patterns)], model)
      let ranks = lora.parameters.filter { $0.name.hasSuffix(".A") }.map { $0.tensor.size(0) }
      #expect(ranks == [2, 5, 2, 3, 3, 3])
    }
    let last = try adapter("lora", ["rank": 3, "rank_pattern": ["-1.value": 1, "0..1.value": 4]], model)
    #expect(last.parameters.filter { $0.name.hasSuffix(".B") }.map { $0.tensor.size(1) } == [3, 3, 3, 4, 4, 1])
  }

  @Test(arguments: ["lora", "dora"])
  func `patterns that say nothing clear are refused`(method: String) throws {
    let model = try TinyModel.load()
    func error(_ key: String, _ patterns: JSONObject) throws -> AdapterError {
      try thrown(AdapterError.self) { _ = try adapter(method, [key: .object(patterns)], model) }
    }
    for key in ["rank_pattern", "alpha_pattern"] {
      #expect(
        try error(key, ["key": 4])
          == .setting(key: key, expected: "patterns of sites that the adapter edits", got: "'key'", method: method))
      #expect(
        try error(key, ["0..1.query": 4, "1,2.query": 2])
          == .setting(
            key: key, expected: "one pattern for 1.query", got: "'0..1.query' and '1,2.query'", method: method))
      #expect(
        try error(key, ["query": 0])
          == .setting(
            key: "\(key).query", expected: "above zero", got: key == "rank_pattern" ? "0" : "0.0", method: method))
      expect(LocationError.layerOutOfRange(layer: 7, layers: 3, text: "7")) {
        _ = try adapter(method, [key: ["7.query": 4]], model)
      }
      expect(
        LocationError.unknownComponent(name: "q_proj", text: "all.q_proj", valid: Component.allCases.map(\.rawValue))
      ) {
        _ = try adapter(method, [key: ["q_proj": 4]], model)
      }
      for text in ["query@f2", "0.query[1]"] {
        _ = try thrown(LocationError.self) { _ = try adapter(method, [key: [text: 4]], model) }
      }
    }
  }

  @Test(arguments: [
    ("lora", "rank", "0"), ("lora", "alpha", "0"), ("lora", "dropout", "1"), ("dora", "rank", "-1"),
    ("vera", "rank", "0"),
    ("vera", "projection_prng_key", "-1"), ("vera", "d_initial", "0"), ("vera", "dropout", "-0.5"),
  ])
  func `a setting outside its range is one clear error`(method: String, key: String, value: String) throws {
    let model = try TinyModel.load()
    let settings = try JSONValue(parsing: "{\"\(key)\": \(value)}", source: "test")
    let error = try thrown(AdapterError.self) { _ = try adapter(method, settings.object ?? [:], model) }
    guard case .setting(key, _, _, method) = error else {
      Issue.record("\(error)")
      return
    }
  }
}

extension Double {
  fileprivate var squareRootOfFloat: Float { Float(squareRoot()) }
}
