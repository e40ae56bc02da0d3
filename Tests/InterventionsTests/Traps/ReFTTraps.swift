import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What goes wrong in the reference implementations of ReFT's methods, and how it goes here.
@Suite(.engineAlone) struct ReFTTraps {
  private static let orthonormal = ["loreft", "consreft", "lobireft", "direft_orthonormal"]
  private static let free = ["direft", "noreft"]
  private let random: RandomSource

  init() throws { random = try RandomSource(seed: 11) }

  private func target(width: Int) -> Target {
    Target(
      site: Site(layer: 0, component: .blockOutput),
      shape: ModelShape(
        layers: 1, hidden: width, heads: 1, kvHeads: 1, headDim: width, intermediate: width, vocabulary: 8,
        contextLength: 64))
  }

  private func made(_ name: String, _ settings: JSONObject, width: Int = 32) throws -> any Intervention {
    let method = try InterventionRegistry.standard.method(name)
    return try method.make(JSONReader(settings, source: "test"), target(width: width), random)
  }

  private func restored(
    _ name: String, _ settings: JSONObject, _ tensors: [NamedTensor], width: Int = 32
  ) throws -> any Intervention {
    let method = try InterventionRegistry.standard.method(name)
    return try method.restore(
      JSONReader(settings, source: "test"), target(width: width), SavedTensors(tensors, source: "test"))
  }

  private func values(_ intervention: any Intervention, _ name: String) throws -> [Double] {
    try #require(try intervention.saved().first { $0.name == name }).tensor.values()
  }

  /// The largest entry of `|R R^T - I|`.
  private func defect(_ intervention: any Intervention, rank r: Int, width d: Int) throws -> Double {
    let rotation = try values(intervention, "rotation")
    var worst = 0.0
    for i in 0..<r {
      for j in 0..<r {
        let product = (0..<d).reduce(0.0) { $0 + rotation[i * d + $1] * rotation[j * d + $1] }
        worst = max(worst, abs(product - (i == j ? 1 : 0)))
      }
    }
    return worst
  }

  private func pass() throws -> EditMode { .training(TrainingPass(random: random)) }

  /// Adam on a random linear objective of the edited states.
  private func train(_ intervention: any Intervention, width: Int, steps: Int, rate: Double) throws {
    var descent = try Descent([intervention])
    for _ in 0..<steps {
      let score = try intervention.edited(random.normal([4, width]), pass()) * random.normal([4, width])
      try descent.update(by: score.sum(), rate: rate)
    }
  }

  // MARK: Methods

  @Test func `naming: direft is the paper's with free matrices, pyreft's Nodireft, and not its class Direft`() throws {
    #expect(try Golden("direft_tied").facts.string("class") == "NodireftIntervention")
    #expect(try Golden("direft_orthonormal_tied").facts.string("class") == "DireftIntervention")
    let paper = try made("direft", ["rank": 3])
    #expect(paper.parameters.map(\.name) == ["projection", "weight", "bias"])
    let (w2, w1, b) = (paper.parameters[0].tensor, paper.parameters[1].tensor, paper.parameters[2].tensor)
    let h = try random.normal([5, 32])
    let formula = try h + h.linear(w1, bias: b).matmul(w2)
    #expect(try gap(paper.edited(h).values(), formula.values()) < 1e-6)
    // Nothing holds its rows orthonormal; the ablation's are.
    try w2.assign(w2.detached() * 3)
    let doubled = try h + h.linear(w1, bias: b).matmul(w2)
    #expect(try gap(paper.edited(h).values(), doubled.values()) < 1e-6)
    #expect(try defect(made("direft_orthonormal", ["rank": 3]), rank: 3, width: 32) < 1e-6)
  }

  /// pyreft makes one on request, trains and saves it, and never uses it.
  @Test func `unused bias: DiReFT has none beside W2, and refuses to be asked for one`() throws {
    let error = try thrown(JSONError.self) { _ = try made("direft", ["rank": 2, "projection_bias": true]) }
    #expect(error.description.contains("projection_bias"))
    #expect(try made("direft", ["rank": 2]).saved().map(\.name) == ["projection", "weight", "bias"])
  }

  @Test func `initialisation: no method of the family starts as the identity, and none promises to`() throws {
    for name in Self.orthonormal + Self.free {
      let h = try random.normal([5, 32])
      #expect(try gap(made(name, ["rank": 3]).edited(h).values(), h.values()) > 1e-2, "\(name)")
    }
    let promises = [
      LoReFT.startsAsIdentity, DiReFT.startsAsIdentity, NoReFT.startsAsIdentity, ConsReFT.startsAsIdentity,
      LobiReFT.startsAsIdentity, OrthonormalDiReFT.startsAsIdentity,
    ]
    #expect(!promises.contains(true))
  }

  @Test func `initialisation: sources are uniform in one over the root of the width, constants in 0..<1`() throws {
    let width = 64
    for name in ["loreft", "direft", "noreft", "direft_orthonormal"] {
      let entries = try (0..<20).flatMap { _ in try values(made(name, ["rank": 8], width: width), "weight") }
      let bound = 1 / Double(width).squareRoot()
      #expect(entries.allSatisfy { abs($0) <= bound } && entries.contains { abs($0) > 0.95 * bound }, "\(name)")
      let mean = entries.reduce(0, +) / Double(entries.count)
      #expect(abs(mean) < 5 * bound / Double(3 * entries.count).squareRoot(), "\(name)")
    }
    for name in ["consreft", "lobireft"] {
      let entries = try (0..<100).flatMap { _ in try values(made(name, ["rank": 8]), "bias") }
      #expect(
        entries.allSatisfy { (0..<1).contains($0) } && entries.contains { $0 < 0.05 } && entries.contains { $0 > 0.95 })
    }
  }

  @Test(arguments: ["loreft", "direft", "noreft", "lobireft", "direft_orthonormal"])
  func `dropout placement: it falls on the whole edited state, not on the edit alone`(name: String) throws {
    let intervention = try made(name, ["rank": 2, "dropout": 0.5])
    let h = try random.normal([50, 32]) + 5
    let whole: [Float] = try intervention.edited(h).values()
    let dropped: [Float] = try intervention.edited(h, pass()).values()
    #expect(zip(whole, dropped).allSatisfy { $1 == 0 || abs($1 - 2 * $0) < 1e-4 })
    let zeros = dropped.count { $0 == 0 }
    #expect(abs(zeros - 800) < 100)
  }

  @Test func `ConsReFT has no dropout and refuses the setting`() throws {
    let error = try thrown(JSONError.self) { _ = try made("consreft", ["rank": 2, "dropout": 0.1]) }
    #expect(error == .unknown(key: "dropout", source: "test", valid: ["rank"]))
  }

  @Test func `dropout follows the pass, not a switch that an evaluation leaves off`() throws {
    let intervention = try made("loreft", ["rank": 2, "dropout": 0.5])
    let h = try random.normal([50, 32]) + 5
    func zeros(_ mode: EditMode) throws -> Int {
      try intervention.edited(h, mode).values(as: Float.self).count { $0 == 0 }
    }
    #expect(try zeros(pass()) > 0)
    #expect(try zeros(.inference) == 0)
    #expect(try zeros(pass()) > 0)
  }

  @Test func `NoReFT needs no word about its second bias, and one that exists stands in the subtraction alone`() throws
  {
    let plain = try made("noreft", ["rank": 2])
    #expect(plain.parameters.map(\.name) == ["projection", "weight", "bias"])
    let full = try made("noreft", ["rank": 2, "projection_bias": true])
    #expect(full.parameters.map(\.name) == ["projection", "projection_bias", "weight", "bias"])
    let (w2, b2) = (full.parameters[0].tensor, full.parameters[1].tensor)
    let h = try random.normal([5, 32])
    let before: [Float] = try full.edited(h).values()
    let moved = try Tensor([Float(0.5), -1])
    try b2.assign(b2.detached() + moved)
    // Phi changes by -W2^T db2 at every row.
    let change = try h.detached() * 0 - moved.unsqueezed(0).matmul(w2.detached())
    let expected = zip(before, try change.values(as: Float.self)).map { $0 + $1 }
    #expect(try gap(full.edited(h).values(), expected) < 1e-5)
  }

  @Test(arguments: ["loreft", "direft_orthonormal", "direft", "noreft", "consreft", "lobireft"])
  func `R is counted as d r, and what is written is what is counted`(name: String) throws {
    let (d, r) = (64, 4)
    let expected = ["consreft", "lobireft"].contains(name) ? d * r + r : 2 * d * r + r
    let intervention = try made(name, ["rank": .integer(r)], width: d)
    #expect(intervention.parameterCount == expected)
    #expect(try intervention.saved().reduce(0) { $0 + $1.tensor.elementCount } == expected)
    #expect(
      try made("noreft", ["rank": .integer(r), "projection_bias": true], width: d).parameterCount == 2 * d * r + 2 * r)
  }

  // MARK: Orthonormal rows

  @Test(arguments: orthonormal)
  func `R stays orthonormal below 1e-6 after 1000 updates, and after saving, loading and resuming`(name: String) throws
  {
    try withoutLeaks {
      let (width, rank) = (24, 3)
      let settings: JSONObject = ["rank": .integer(rank)]
      let intervention = try made(name, settings, width: width)
      let start = try values(intervention, "rotation")
      try train(intervention, width: width, steps: 1000, rate: 0.01)
      #expect(try defect(intervention, rank: rank, width: width) < 1e-6)
      #expect(try values(intervention, "rotation") != start)
      let loaded = try restored(name, settings, intervention.saved(), width: width)
      #expect(try defect(loaded, rank: rank, width: width) < 1e-6)
      // Where training goes on: pyreft's base loses its completion here, and drifts off the manifold.
      let resumed = try restored(name, settings, intervention.trainingState(), width: width)
      #expect(try values(resumed, "rotation") == values(intervention, "rotation"))
      try train(resumed, width: width, steps: 1000, rate: 0.01)
      #expect(try defect(resumed, rank: rank, width: width) < 1e-6)
      // And the parameters that were loaded are those that moved.
      #expect(try values(resumed, "rotation") != values(intervention, "rotation"))
    }
  }

  @Test(arguments: orthonormal + free)
  func `d x d buffers: nothing of an adapter is as large as the width squared, nor are its files`(name: String) throws {
    let (width, rank) = (512, 8)
    let intervention = try made(name, ["rank": .integer(rank)], width: width)
    for tensors in [intervention.parameters, try intervention.saved(), try intervention.trainingState()] {
      for tensor in tensors { #expect(tensor.tensor.elementCount <= width * rank, "\(tensor.name)") }
    }
  }

  /// A parametrisation of torch works its matrix out wherever it is read, twice in every forward pass.
  @Test(arguments: orthonormal)
  func `R worked out twice: an edit works it out once, however often it acts`(name: String) throws {
    let intervention = try made(name, ["rank": 3])
    let coordinates = try #require(intervention.parameters.first { $0.name == "coordinates" }).tensor
    let h = try random.normal([5, 32])
    let edit = try intervention.edit(.inference)
    let before: [Float] = try edit(h, from: nil).values()
    try coordinates.assign(coordinates.detached() + random.normal(coordinates.shape))
    #expect(try edit(h, from: nil).values() == before)
    #expect(try gap(intervention.edited(h).values(), before) > 1e-2)
  }

  /// A reflection has `1 + |A_k|^2` below its two: summed up from the one, small squares are rounded away one by one.
  @Test(arguments: [(32, 3), (4096, 8)], [0.3, 0.01, 0.001, 0.0001])
  func `squares beside a one: R is orthonormal wherever its coordinates are`(
    size: (width: Int, rank: Int), scale: Double
  ) throws {
    let intervention = try made("loreft", ["rank": .integer(size.rank)], width: size.width)
    let coordinates = try #require(intervention.parameters.first { $0.name == "coordinates" }).tensor
    try coordinates.assign(random.normal(coordinates.shape, deviation: scale))
    // Rounding grows with the length of the sums; with the squares in one sum the defect is 2e-6 and 1e-4.
    let found = try defect(intervention, rank: size.rank, width: size.width)
    #expect(found < (size.width > 100 ? 4e-6 : 1e-6), "\(found)")
  }

  /// The decay acts on the coordinates of a manifold, not on the entries of a matrix.
  @Test(arguments: orthonormal)
  func `weight decay draws R back to where it began, not to zero`(name: String) throws {
    let intervention = try made(name, ["rank": 3])
    let start = try values(intervention, "rotation")
    let coordinates = try #require(intervention.parameters.first { $0.name == "coordinates" }).tensor
    try coordinates.assign(coordinates.detached() + random.normal(coordinates.shape, deviation: 0.3))
    let moved = try values(intervention, "rotation")
    let rule = FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1)
    let moments = [try Tensor.zeros(coordinates.shape), try Tensor.zeros(coordinates.shape)]
    for step in 1...60 {
      try rule.update(
        [coordinates], gradients: [Tensor.zeros(coordinates.shape)], firstMoments: [moments[0]],
        secondMoments: [moments[1]], step: step, learningRate: 0.1)
    }
    func distance(_ a: [Double]) -> Double { zip(a, start).reduce(0) { max($0, abs($1.0 - $1.1)) } }
    #expect(distance(moved) > 0.05)
    #expect(try distance(values(intervention, "rotation")) < 0.01)
    #expect(try defect(intervention, rank: 3, width: 32) < 1e-6)
  }

  // MARK: Formula

  @Test func `G1: the edit and all its gradients are those of the formula, worked out in double precision`() throws {
    let (n, d, r) = (4, 8, 3)
    let intervention = try made("loreft", ["rank": .integer(r)], width: d)
    // R as it stands becomes a leaf of its own through the orthonormal columns; W, b and h are compared directly.
    let (R, W, b) = (
      try values(intervention, "rotation"), try values(intervention, "weight"), try values(intervention, "bias")
    )
    let rows = try random.normal([n, d])
    try rows.setRequiresGradient(true)
    let upstream = try random.normal([n, d])
    let edited = try intervention.edited(rows)
    try (edited * upstream).sum().backward()
    let (h, g) = (try rows.values(as: Double.self), try upstream.values(as: Double.self))
    var (out, dW, db, dh) = (h, [Double](repeating: 0, count: r * d), [Double](repeating: 0, count: r), g)
    for i in 0..<n {
      for k in 0..<r {
        let Rh = (0..<d).reduce(0) { $0 + R[k * d + $1] * h[i * d + $1] }
        let Wh = (0..<d).reduce(b[k]) { $0 + W[k * d + $1] * h[i * d + $1] }
        let Rg = (0..<d).reduce(0) { $0 + R[k * d + $1] * g[i * d + $1] }
        db[k] += Rg
        for j in 0..<d {
          out[i * d + j] += R[k * d + j] * (Wh - Rh)
          dW[k * d + j] += Rg * h[i * d + j]
          dh[i * d + j] += W[k * d + j] * Rg - R[k * d + j] * Rg
        }
      }
    }
    func worst(_ a: [Double], _ tensor: Tensor) throws -> Double {
      try zip(a, tensor.values(as: Double.self)).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    let parameters = Dictionary(uniqueKeysWithValues: intervention.parameters.map { ($0.name, $0.tensor) })
    func gradient(_ name: String) throws -> Tensor {
      let parameter = try #require(parameters[name])
      return try #require(try parameter.gradient())
    }
    #expect(try worst(out, edited) < 1e-5)
    #expect(try worst(dW, gradient("weight")) < 1e-5)
    #expect(try worst(db, gradient("bias")) < 1e-5)
    #expect(try worst(dh, #require(try rows.gradient())) < 1e-5)
  }

  // MARK: Subspaces

  private static let parts: JSONObject = ["rank": 5, "subspaces": ["safety": 2, "style": 3]]

  @Test func `subspaces: the union of all parts is the whole, bit for bit, and no part is the model as it was`() throws
  {
    let intervention = try made("loreft", Self.parts)
    let h = try random.normal([6, 32])
    func edited(_ chosen: Set<String>?) throws -> [Float] {
      var mode = EditMode.inference
      mode.subspaces = chosen
      return try intervention.edited(h, mode).values()
    }
    #expect(try edited(["safety", "style"]) == edited(nil))
    #expect(try edited([]) == h.values())
    let (one, other, both, none): ([Float], [Float], [Float], [Float]) = (
      try edited(["safety"]), try edited(["style"]), try edited(nil), try h.values()
    )
    #expect(one != none && other != none && one != other)
    let sum = both.indices.map { one[$0] + other[$0] - none[$0] }
    #expect(gap(sum, both) < 1e-5)
  }

  @Test func `subspaces: an unknown name is one error with the nearest`() throws {
    let model = try TinyModel.load()
    func adapter(_ settings: JSONObject) throws -> Adapter {
      try Adapter(
        .init(method: "loreft", settings: settings, locations: Location.list(parsing: "all.block_output@f2|l2")),
        of: InterventionRegistry.standard.method("loreft"), for: model, using: random)
    }
    let parted = try adapter(Self.parts)
    #expect(parted.subspaces == ["safety", "style"])
    let error = AdapterError.unknownSubspaces(names: ["stile"], known: ["safety", "style"])
    expect(error) { _ = try AdapterUse(parted, subspaces: ["safety", "stile"]) }
    #expect(error.description.contains("'stile'") && error.remedy?.contains("'style'") == true)
    let whole = try adapter(["rank": 2])
    expect(AdapterError.unknownSubspaces(names: ["style"], known: [])) {
      _ = try AdapterUse(whole, subspaces: ["style"])
    }
  }

  /// pyreft's helper halves the number of interventions where weights are shared, which is where there are no two halves.
  @Test(arguments: [("f2+l2", 1), ("f2|l2", 2)])
  func `halved subspaces: every layer and both ends act in the chosen part, tied or not`(positions: String, ends: Int)
    throws
  {
    let model = try TinyModel.load()
    let adapter = try Adapter(
      .init(
        method: "loreft", settings: Self.parts, locations: Location.list(parsing: "all.block_output@\(positions)")),
      of: InterventionRegistry.standard.method("loreft"), for: model, using: random)
    #expect(adapter.parts.count == ends * model.shape.layers)
    var mode = EditMode.inference
    mode.subspaces = ["style"]
    let h = try random.normal([4, model.shape.hidden])
    for part in adapter.parts {
      let one: [Float] = try part.intervention.edited(h, mode).values()
      #expect(try gap(one, part.intervention.edited(h).values()) > 1e-2, "\(part.key)")
      #expect(try gap(one, h.values()) > 1e-2, "\(part.key)")
    }
  }

  @Test func `subspaces: sets of different sizes act in one batch, each row as it would alone`() throws {
    let model = try TinyModel.load()
    let adapter = try Adapter(
      .init(method: "loreft", settings: Self.parts, locations: Location.list(parsing: "all.block_output@f2+l2")),
      of: InterventionRegistry.standard.method("loreft"), for: model, using: random)
    let sets: [Set<String>?] = [["safety"], ["style"], nil, []]
    let routes = try AdapterRoutes(sets.map { [try AdapterUse(adapter, subspaces: $0)] })
    let prompts = [someTokens(9), someTokens(5, seed: 1), someTokens(12, seed: 2), someTokens(7, seed: 3)]
    func scores(_ choice: [Int]) throws -> [Float] {
      var sequences = prompts.map { TokenBatch.Sequence(tokens: $0) }
      for (i, route) in choice.enumerated() { sequences[i].route = route }
      let batch = TokenBatch(sequences)
      return try withoutGradients { try model.scores(batch, routes.tap(for: batch)) }
    }
    let width = model.shape.vocabulary
    let mixed = try scores([0, 1, 2, 3])
    var first = 0
    for (row, prompt) in prompts.enumerated() {
      let alone = try scores([row, row, row, row])
      let values = first * width..<(first + prompt.count) * width
      #expect(mixed[values] == alone[values], "row \(row)")
      first += prompt.count
    }
  }

  private static let wrongParts: [(parts: JSONObject, expected: String, got: String)] = [
    (["a": 0], "a size above zero or [first, last] for each name", "a: 0"),
    (["a": [1, 0]], "a size above zero or [first, last] for each name", "a: [1,0]"),
    (["a": "x"], "a size above zero or [first, last] for each name", "a: \"x\""),
    (["a": [0, 2], "b": [2, 3]], "every index of the rank in one part", "index 2 in two"),
    (["a": [0, 1], "b": [3, 4]], "every index of the rank in one part", "index 2 in none"),
    (["a": 2, "b": 2], "parts of the rank 5", "4 indices"),
  ]

  @Test(arguments: wrongParts)
  func `subspaces: what is no partition of the rank is an error`(parts: JSONObject, expected: String, got: String) {
    expect(AdapterError.setting(key: "subspaces", expected: expected, got: got, method: "loreft")) {
      _ = try made("loreft", ["rank": 5, "subspaces": .object(parts)])
    }
  }

  @Test func `subspaces: sizes and bounds say the same, give the rank, and are written as bounds`() throws {
    let method = try InterventionRegistry.standard.method("loreft")
    func complete(_ settings: JSONObject) throws -> JSONObject {
      try method.settings(JSONReader(settings, source: "test"))
    }
    let bounds: JSONValue = ["b": [2, 4], "a": [0, 1]]
    #expect(try complete(["subspaces": ["a": 2, "b": 3]]) == complete(["subspaces": bounds]))
    #expect(try complete(["subspaces": ["a": 2, "b": 3]])["subspaces"] == bounds)
    #expect(try complete(["subspaces": bounds])["rank"] == 5)
    #expect(try complete(["rank": 4])["subspaces"] == [:] && complete(["subspaces": [:]])["rank"] == 8)
  }
}
