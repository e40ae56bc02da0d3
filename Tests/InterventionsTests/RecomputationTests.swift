import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Blocks that the backward pass runs again give the gradients of blocks that keep their activations.
@Suite(.engineAlone) struct Recomputing {
  private let batch = TokenBatch([
    .init(tokens: someTokens(11), promptLength: 8), .init(tokens: someTokens(5, seed: 2), promptLength: 3),
  ])

  /// Loss and gradients of one pass, and where its stream of random numbers stands afterwards.
  private func pass(
    _ model: any LanguageModel, _ adapter: Adapter, recomputing: Bool, seed: UInt64 = 7
  ) throws -> (loss: [Float], gradients: [[Float]?], after: [UInt8]) {
    for parameter in adapter.parameters { try parameter.tensor.clearGradient() }
    let random = try RandomSource(seed: seed)
    let pass = TrainingPass(random: random, progress: 0.5)
    var tap = try adapter.tap(for: batch, mode: .training(pass))
    if recomputing { tap.recomputation = Recomputation(drawing: random) }
    let output = try model.output(batch, tap)
    var loss = try (output * output).sum()
    for penalty in pass.penalties { loss = try loss + penalty }
    try loss.backward()
    let gradients = try adapter.parameters.map { try $0.tensor.gradient()?.values(as: Float.self) }
    return (try loss.values(), gradients, try random.state())
  }

  @Test(arguments: MethodCase.all)
  func `loss and gradients are the same, bit for bit, and so are the numbers drawn`(method: MethodCase) throws {
    try withoutLeaks {
      let model = try method.loadModel()
      for (layers, positions) in [("all", "all"), ("1", "f2+l3")] {
        let adapter = try method.adapter(for: model, layers: layers, positions)
        if adapter.parameters.isEmpty { continue }
        let plain = try pass(model, adapter, recomputing: false)
        let again = try pass(model, adapter, recomputing: true)
        let isSame = again.loss == plain.loss && again.gradients == plain.gradients
        #expect(isSame)
        #expect(again.after == plain.after)
        if method.draws {
          #expect(try pass(model, adapter, recomputing: true, seed: 8).gradients != plain.gradients)
        }
      }
    }
  }

  @Test(arguments: ["prefix_tuning", "prompt_tuning"], [false, true])
  func `rows before the texts get their gradients too`(name: String, network: Bool) throws {
    let model = try TinyModel.load()
    let method = try InterventionRegistry.standard.method(name)
    let adapter = try Adapter(
      .init(
        method: name, settings: network && name == "prefix_tuning" ? ["reparametrised": true] : [:],
        locations: Location.list(parsing: method.defaultLocations)), of: method, for: model,
      using: RandomSource(seed: 1))
    let plain = try pass(model, adapter, recomputing: false)
    let again = try pass(model, adapter, recomputing: true)
    #expect(again.loss == plain.loss)
    for (a, b) in zip(again.gradients, plain.gradients) {
      let (a, b) = (try #require(a), try #require(b))
      let size = b.reduce(0) { max($0, abs($1)) }
      #expect(gap(a, b) <= 1e-6 * size && size > 0)
    }
  }

  /// An edit that counts its calls.
  private final class Counter: ActivationEdit {
    let leaf: Tensor
    let isRepeatable: Bool
    private(set) var calls = 0
    init(_ leaf: Tensor, isRepeatable: Bool) { (self.leaf, self.isRepeatable) = (leaf, isRepeatable) }
    func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      calls += 1
      return try activation + leaf
    }
  }

  @Test func `a block runs twice where it carries a graph, and once where it has none or its edits forbid it`() throws {
    let model = try TinyModel.load()
    #expect(model.shape.layers == 3)
    for isRepeatable in [true, false] {
      let leaf = try Tensor.zeros([model.shape.hidden])
      try leaf.setRequiresGradient(true)
      let counters = (0..<3).map { _ in Counter(leaf, isRepeatable: isRepeatable) }
      var tap = Tap.none
      for (layer, counter) in counters.enumerated() {
        tap.place(counter, at: Site(layer: layer, component: .mlpOutput), on: .all)
      }
      tap.recomputation = Recomputation()
      let output = try model.output(batch, tap)
      try (output * output).sum().backward()
      // What enters the lowest block has no graph.
      #expect(counters.map(\.calls) == (isRepeatable ? [1, 2, 2] : [1, 1, 1]))
      let gradient = try #require(try leaf.gradient())
      #expect(try gradient.abs().sum().item() > 0)
    }
  }

  @Test func `without a graph nothing is run twice`() throws {
    let model = try TinyModel.load()
    let counter = Counter(try Tensor.zeros([model.shape.hidden]), isRepeatable: true)
    var tap = Tap.none
    tap.place(counter, at: Site(layer: 2, component: .mlpOutput), on: .all)
    tap.recomputation = Recomputation()
    #expect(try model.scores(batch, tap) == model.scores(batch))
    #expect(counter.calls == 1)
  }

  /// An edit that fails when it is called the second time.
  private final class Failing: ActivationEdit {
    private let leaf: Tensor
    private let good: Int
    private var calls = 0
    init(_ leaf: Tensor, after good: Int) { (self.leaf, self.good) = (leaf, good) }
    func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      calls += 1
      return calls > good ? try activation.reshaped([7, 7, 7]) : try activation + leaf
    }
  }

  @Test(arguments: [0, 1])
  func `an error within a block comes out, in both passes`(good: Int) throws {
    try withoutLeaks {
      let model = try TinyModel.load()
      let leaf = try Tensor.zeros([model.shape.hidden])
      try leaf.setRequiresGradient(true)
      var tap = Tap.none
      tap.place(Counter(leaf, isRepeatable: true), at: Site(layer: 0, component: .mlpOutput), on: .all)
      tap.place(Failing(leaf, after: good), at: Site(layer: 1, component: .mlpOutput), on: .all)
      tap.recomputation = Recomputation()
      #expect(throws: TensorError.self) {
        let output = try model.output(batch, tap)
        try (output * output).sum().backward()
      }
    }
  }
}
