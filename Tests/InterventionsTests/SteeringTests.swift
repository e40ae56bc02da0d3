import Checkpoints
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What holds for fixed vectors: formulas, folds, conditions.
@Suite(.engineAlone) struct SteeringTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func adapter(
    _ method: String = "steering", _ settings: JSONObject = [:], at place: String, _ model: any LanguageModel,
    seed: UInt64 = 5
  ) throws -> Adapter {
    try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: seed))
  }

  @Test(arguments: [
    "all.block_output@all", "0.mlp_output@all", "1.attention_output@all", "2.mlp_activation@all", "1.value@all",
    "1.block_input@all", "all.head_attention_value_output@all", "0.head_attention_value_output[1,3]@all",
    "1.mlp_up@all", "2.query@all",
  ])
  func `a vector that is added at all positions folds into a bias`(place: String) throws {
    for (method, settings) in [("steering", ["coefficient": 0.7]), ("iti", ["alpha": 2.5])] as [(String, JSONObject)] {
      guard method == "steering" || place.contains("head_") else { continue }
      let model = try TinyModel.load()
      let checkpoint = try TinyModel.checkpoint()
      let edit = try adapter(method, settings, at: place, model)
      let merge = try Merge(folding: edit, into: model)
      var configuration = checkpoint.configuration.object
      for (key, value) in merge.configuration { configuration[key] = value }
      let kept = checkpoint.tensors.filter { merge.keeps($0.name) }.map(WritableTensor.init)
      let changed = try merge.tensors.map { try NamedTensor($0.key, $0.value).writable() }
      try HuggingFaceFolder.write(
        to: scratch("merged"), configuration: configuration, tensors: kept + changed, overwrite: true)
      let folded = try ModelRegistry.standard.model(from: Checkpoint.open(scratch("merged")))
      let batch = TokenBatch(prompts: [someTokens(14), someTokens(3, seed: 2)])
      let tapped = try model.scores(batch, edit)
      #expect(gap(try folded.scores(batch), tapped) < 2e-5, "\(method)")
      #expect(gap(try model.scores(batch), tapped) > 1e-3, "\(method)")
    }
  }

  @Test(
    arguments: [
      ["operator": "piecewise"], ["operator": "projection"], ["normalise": true],
    ] as [JSONObject])
  func `what depends on the input does not fold, and says so`(settings: JSONObject) throws {
    let model = try TinyModel.load()
    expect(
      AdapterError.notMergeable(
        method: "steering", reason: "piecewise addition, projection and kept norms depend on the input")
    ) { _ = try Merge(folding: adapter("steering", settings, at: "1.block_output@all", model), into: model) }
    expect(AdapterError.notMergeable(method: "conditional", reason: "whether it acts depends on the prompt")) {
      _ = try Merge(folding: adapter("conditional", at: "1.block_output@all", model), into: model)
    }
  }

  @Test func `nothing is left along a vector that was projected out`() throws {
    let model = try TinyModel.load()
    let edit = try adapter("steering", ["operator": "projection"], at: "1.block_output@all", model)
    let vector = try #require(edit.parts[0].intervention as? Steering).vector.row
    let rows = try RandomSource(seed: 1).normal([5, vector.elementCount])
    let left = try edit.parts[0].intervention.edited(rows)
    #expect(try left.matmul(vector.unsqueezed(1)).abs().max().item() < 1e-5)
    #expect(try (left - rows).abs().max().item() > 1e-2)
    // A row of zeros stays one, whatever the operator.
    let zeros = try Tensor.zeros([2, vector.elementCount])
    for operation in ["piecewise", "projection"] {
      let same = try adapter(
        "steering", ["operator": .string(operation), "normalise": true], at: "1.block_output@all", model)
      #expect(try same.parts[0].intervention.edited(zeros).norm().item() == 0)
    }
  }

  @Test func `a vector of another tool needs neither deviation nor mean`() throws {
    let model = try TinyModel.load()
    let vector = try RandomSource(seed: 3).normal([model.shape.hidden])
    let plan = Adapter.Plan(
      method: "steering", settings: [:], locations: try Location.list(parsing: "1.block_output@all"))
    let method = try InterventionRegistry.standard.method("steering")
    let edit = try Adapter(
      plan, of: method, for: model, restoring: [NamedTensor("1.block_output.vector", vector)], source: "vector")
    let batch = TokenBatch(prompts: [someTokens(6)])
    let site = Site(layer: 1, component: .blockOutput)
    let plain = try model.recorded([site], batch, .none)[0]
    let edited = try model.recorded([site], batch, edit.tap(for: batch))[0]
    let values: [Float] = try vector.values()
    #expect(gap(edited, plain.enumerated().map { $1 + values[$0 % values.count] }) == 0)
    #expect(try edit.saved().map(\.name).sorted() == ["centre", "sigma", "vector"].map { "1.block_output.\($0)" })
  }

  @Test(
    arguments: [
      ("iti", ["alpha": "many"], "alpha"), ("steering", ["operator": "divide"], "operator"),
      ("steering", ["coeficient": 1], "coeficient"), ("conditional", ["fires": "beside"], "fires"),
      ("conditional", ["condition_layer": -1], "condition_layer"),
    ] as [(String, JSONObject, String)])
  func `settings that are none are refused by name`(method: String, settings: JSONObject, key: String) throws {
    let model = try TinyModel.load()
    let place = method == "iti" ? "0.head_attention_value_output" : "0.block_output"
    do {
      _ = try adapter(method, settings, at: place, model)
      Issue.record("accepted: \(settings)")
    } catch {
      #expect("\(error)".contains(key))
    }
  }

  @Test func `ITI acts on heads alone`() throws {
    let model = try TinyModel.load()
    expect(AdapterError.site(method: "iti", component: "block_output", expected: "head_attention_value_output")) {
      _ = try adapter("iti", at: "0.block_output", model)
    }
  }

  @Test func `sequences whose condition does not fire go without the adapter, bit for bit`() throws {
    let model = try TinyModel.load()
    let prompts = (0..<6).map { someTokens(5 + $0, seed: $0) }
    var edit = try adapter("conditional", ["condition_layer": 1], at: "all.block_output@all", model)
    let similarities = try #require(edit.condition).similarities(of: prompts, in: model)
    let sorted = similarities.sorted()
    let threshold = (sorted[2] + sorted[3]) / 2
    edit = try Adapter(
      .init(
        method: "conditional", settings: ["condition_layer": 1, "threshold": .number(threshold)],
        locations: edit.plan.locations),
      of: InterventionRegistry.standard.method("conditional"), for: model, restoring: edit.saved(), source: "saved")
    let other = try adapter("steering", at: "2.block_output@all", model, seed: 8)
    let routes = try AdapterRoutes([
      [AdapterUse(edit), AdapterUse(other)], [AdapterUse(other)], [AdapterUse(edit, strength: 0)],
    ])
    #expect(routes.hasConditions)
    let chosen = [0, 0, 0, 0, 1, 2]
    let (settled, going) = try routes.settled(prompts, going: chosen, in: model)
    for (i, way) in going.enumerated() {
      let acts = settled.routes[way].contains { $0.adapter === edit && $0.strength != 0 }
      #expect(acts == (chosen[i] == 0 && similarities[i] > threshold), "prompt \(i)")
      #expect(settled.routes[way].contains { $0.adapter === other } == (chosen[i] < 2))
    }
    #expect(Set(going.prefix(4)).count == 2)
    func scores(_ routes: AdapterRoutes, _ ways: [Int]) throws -> [Float] {
      let batch = TokenBatch(zip(prompts, ways).map { .init(tokens: $0, route: $1) })
      return try withoutGradients { try model.scores(batch, routes.tap(for: batch)) }
    }
    // Those that do not fire get what everybody gets who goes without.
    let mixed = try scores(settled, going)
    let without = try scores(routes, [1, 1, 1, 1, 1, 1])
    let with = try scores(routes, [0, 0, 0, 0, 0, 0])
    let width = mixed.count / prompts.reduce(0) { $0 + $1.count }
    for (i, rows) in TokenBatch(prompts: prompts).rows.enumerated() where chosen[i] == 0 {
      let values = rows.lowerBound * width..<rows.upperBound * width
      #expect(mixed[values] == (similarities[i] > threshold ? with : without)[values], "prompt \(i)")
    }
    // Routes without conditions stay as they are.
    let plain = try AdapterRoutes([[AdapterUse(other)]])
    #expect(
      try !plain.hasConditions
        && plain.settled(prompts, going: [0, 0, 0, 0, 0, 0], in: model).going == [0, 0, 0, 0, 0, 0])
  }
}
