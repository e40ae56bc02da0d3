import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import TextGeneration
import _TestSupport

/// Runs with adapters in the weights against runs with them as edits.
@Suite(.engineAlone) struct FoldedGenerationTests {
  private static let prompts: [[Int32]] = [[5, 9, 31, 4], [88], [7, 7, 12, 60, 33, 2, 19, 45, 71], [3, 50]]

  /// An adapter that is far from its start.
  private func use(
    _ method: String, _ settings: JSONObject = [:], at place: String, _ model: any LanguageModel, strength: Double = 1
  ) throws -> AdapterUse {
    let random = try RandomSource(seed: 7)
    let adapter = try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method(method), for: model, using: random)
    for parameter in adapter.parameters {
      let noise = try random.normal(parameter.tensor.shape, deviation: 0.2)
      try parameter.tensor.assign(parameter.tensor.detached() + noise)
    }
    return try AdapterUse(adapter, strength: strength)
  }

  private func generated(_ model: any LanguageModel, _ edits: AdapterRoutes) throws -> [[Int32]] {
    try Generator(model, TinyTokenizer.make()).generate(
      Self.prompts.map { GenerationRequest(tokens: $0) }, until: StopConditions(endTokens: [], maximumNewTokens: 12),
      edits: { batch throws(TensorError) in try edits.tap(for: batch) }
    ).map(\.tokens)
  }

  /// The log-probabilities of every next token of the prompts.
  private func scores(_ model: any LanguageModel, _ edits: AdapterRoutes) throws -> [Float] {
    let batch = TokenBatch(prompts: Self.prompts)
    return try withoutGradients {
      let hidden = try model.hidden(batch, cache: nil, tap: edits.tap(for: batch))
      return try model.logits(hidden).logSoftmax(along: -1).values(as: Float.self)
    }
  }

  private static let heads = "all.head_attention_value_output"
  private static let maps = "all.query;all.value;all.mlp_output"

  private static let folding: [(name: String, method: String, settings: JSONObject, place: String)] = [
    ("offsets of heads", "lofit", ["part": "bias"], "1.head_attention_value_output[0,3]"),
    ("scales and offsets of heads", "lofit", ["part": "both"], heads),
    ("gated heads", "jola", [:], heads), ("directions of heads", "iti", [:], "all.head_attention_value_output[1]@all"),
    ("low rank", "lora", ["rank": 3], maps), ("DoRA", "dora", ["rank": 3], maps), ("VeRA", "vera", ["rank": 3], maps),
    ("(IA)3", "ia3", [:], "all.key;all.value;all.mlp_activation"), ("RED", "red", [:], "all.mlp_output"),
    ("biases", "bitfit", [:], "all.block_output"), ("whole matrices", "full", [:], maps),
    ("a vector", "steering", [:], "1.block_output@all"),
  ]

  @Test(arguments: folding, ["llama_gqa_tied", "gpt2"])
  func `a folded run writes what a tapped one writes`(
    fold: (name: String, method: String, settings: JSONObject, place: String), name: String
  ) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      for strength in [1, 0.5] {
        let routes = try AdapterRoutes([
          [], [use(fold.method, fold.settings, at: fold.place, model, strength: strength)],
        ])
        // Every sequence goes the second way.
        let (folded, left) = try routes.folded(into: model, going: [1, 1, 1, 1])
        #expect(folded !== model && left.routes.map(\.count) == [0, 0])
        let tapped = try AdapterRoutes([routes.routes[1]])
        #expect(try generated(folded, left) == generated(model, tapped))
        let (found, expected) = (try scores(folded, left), try scores(model, tapped))
        // Rounding of `(W + B A) x` against `W x + B (A x)`: measured 1e-5 at most.
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 5e-5 })
        let plain = try scores(model, .none)
        #expect(zip(expected, plain).contains { abs($0 - $1) > 1e-3 })
      }
    }
  }

  @Test func `adapters of a list fold in the order in which they act`() throws {
    let model = try TinyModel.load()
    let uses = try [
      use("lora", ["rank": 3], at: "all.mlp_output", model), use("red", at: "all.mlp_output", model, strength: 0.5),
      use("lofit", ["part": "both"], at: Self.heads, model), use("bitfit", at: "all.block_output", model),
    ]
    let tapped = try AdapterRoutes([uses])
    let (folded, left) = try tapped.folded(into: model, going: [0, 0, 0, 0])
    #expect(folded !== model)
    #expect(try generated(folded, left) == generated(model, tapped))
    let other = try AdapterRoutes([uses.reversed()]).folded(into: model, going: [0, 0, 0, 0])
    let (found, expected) = (try scores(folded, left), try scores(model, tapped))
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 5e-5 })
    #expect(zip(try scores(other.model, other.routes), expected).contains { abs($0 - $1) > 1e-3 })
  }

  @Test func `what does not fold, and what goes different ways, stays as it is`() throws {
    let model = try TinyModel.load()
    let low = try use("lora", ["rank": 3], at: Self.maps, model)
    let short = try ModelRegistry.standard.model(from: TinyModel.checkpoint(), dtype: .bfloat16)
    let lists: [(list: [AdapterUse], model: any LanguageModel, ways: [Int])] = [
      ([try use("loreft", at: "all.block_output@f1+l1", model)], model, [0]),
      // One that does not fold keeps the others, whatever its place.
      ([low, try use("loreft", at: "all.block_output", model)], model, [0]),
      ([try use("prefix_tuning", ["tokens": 2], at: "all.key;all.value", model), low], model, [0]),
      ([try use("lora", ["rank": 3], at: "all.query@prompt", model)], model, [0]),
      ([low], model, [0, 1, 0]), ([low], model, [1]), ([low], model, []),
      ([try use("lora", ["rank": 3], at: Self.maps, model, strength: 0)], model, [0]),
      ([try use("lora", ["rank": 3], at: Self.maps, short)], short, [0]),
    ]
    for (list, model, ways) in lists {
      let routes = try AdapterRoutes([list, []])
      let (found, left) = try routes.folded(into: model, going: ways)
      #expect(found === model && left.routes.map(\.count) == routes.routes.map(\.count), "\(list.map(\.adapter.plan))")
    }
    #expect(try AdapterRoutes([[low], []]).folded(into: model, going: [0, 0]).model !== model)
  }

  @Test func `matrices stay as they are stored, and offsets fold all the same`() throws {
    let model = try ModelRegistry.standard.model(from: TinyModel.checkpoint(), weights: .int8)
    let low = try use("lora", ["rank": 3], at: "all.attention_output", model)
    let offsets = try use("lofit", ["part": "bias"], at: Self.heads, model)
    #expect(try AdapterRoutes([[low]]).folded(into: model, going: [0]).model === model)
    #expect(try AdapterRoutes([[offsets, low]]).folded(into: model, going: [0]).model === model)
    let tapped = try AdapterRoutes([[offsets]])
    let (folded, left) = try tapped.folded(into: model, going: [0])
    #expect(folded !== model)
    let projection = try #require(folded.projection(writing: .attentionOutput, layer: 0))
    guard case .encoded = projection.matrix else {
      Issue.record("a matrix was decoded")
      return
    }
    let (found, expected) = (try scores(folded, left), try scores(model, tapped))
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 5e-5 })
    // What is checked and merged into files is not kept from it.
    #expect(throws: Never.self) { _ = try model.projections(folding: [low]) }
  }

  @Test func `a folded model has what it needs of its own and shares the rest`() throws {
    let model = try TinyModel.load()
    let offsets = try use("lofit", ["part": "bias"], at: "1.head_attention_value_output", model)
    let folded = try AdapterRoutes([[offsets]]).folded(into: model, going: [0]).model
    #expect(folded.parameterCount == model.parameterCount + model.shape.hidden)
    let shape = model.shape
    for layer in 0..<shape.layers {
      for component in model.components.sorted() {
        guard let old = model.projection(writing: component, layer: layer) else { continue }
        let new = try #require(folded.projection(writing: component, layer: layer))
        #expect(try new.weight === old.weight)
        #expect((new.bias == nil) == !(layer == 1 && component == .attentionOutput))
      }
    }
  }
}
