import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What every registered method must obey.
@Suite(.engineAlone) struct MethodLaws {
  /// A matrix product sums in an order that depends on the number of rows: measured 7.4e-6 at most with AVX-512, 6.2e-5 with
  /// AVX2 (LoRA at mlp_output of the tiny Llama; all other cases below 2.5e-5).
  private static let rounding: Float = 1e-4
  /// What an edit changes at least.
  private static let effect: Float = 2e-4
  private static let positions = ["all", "prompt", "generated", "f2+l3", "f2|l3", "l1", "l2+generated", "0+-2"]

  @Test(arguments: MethodCase.all)
  func `without its tap the model is itself, bit for bit`(method: MethodCase) throws {
    try withoutLeaks {
      let model = try method.loadModel()
      let batch = TokenBatch(prompts: [someTokens(9), someTokens(4, seed: 1)])
      let before = try model.scores(batch)
      let adapter = try method.adapter(for: model)
      #expect(try model.scores(batch, adapter) != before)
      #expect(try model.scores(batch) == before)
    }
  }

  @Test(arguments: MethodCase.all)
  func `layers below an edit stay as they are, bit for bit`(method: MethodCase) throws {
    let model = try method.loadModel()
    let batch = TokenBatch(prompts: [someTokens(9)])
    let adapter = try method.adapter(for: model, layers: "1")
    let below = model.components.sorted().map { Site(layer: 0, component: $0) }
    let above = (1..<model.shape.layers).map { Site(layer: $0, component: .blockOutput) }
    let plain = try model.recorded(below + above, batch, .none)
    let edited = try model.recorded(below + above, batch, adapter.tap(for: batch))
    #expect(Array(edited.prefix(below.count)) == Array(plain.prefix(below.count)))
    for (a, b) in zip(edited, plain).dropFirst(below.count) { #expect(a != b) }
  }

  @Test(arguments: MethodCase.all)
  func `only the chosen positions and heads of a site change`(method: MethodCase) throws {
    let model = try method.loadModel()
    for positions in Self.positions {
      let adapter = try method.adapter(for: model, layers: "1", positions)
      let target = try #require(adapter.parts.map(\.target).min { $0.site < $1.site })
      let batch = TokenBatch([
        .init(tokens: someTokens(11), promptLength: 8), .init(tokens: someTokens(5, seed: 2), promptLength: 3),
      ])
      let plain = try model.recorded([target.site], batch, .none)[0]
      let edited = try model.recorded([target.site], batch, adapter.tap(for: batch))[0]
      let width = plain.count / batch.rowCount
      let units = target.site.component.isPerHead ? model.shape.heads : 1
      let size = width / units
      for (sequence, rows) in zip(batch.sequences, batch.rows) {
        let chosen = Set(
          adapter.editedPositions(promptLength: sequence.promptLength, length: sequence.tokens.count))
        for row in rows {
          for unit in 0..<units {
            let values = row * width + unit * size..<row * width + (unit + 1) * size
            let isEdited = chosen.contains(row - rows.lowerBound) && target.heads?.contains(unit) ?? true
            #expect((edited[values] != plain[values]) == isEdited, "@\(positions), row \(row), head \(unit)")
          }
        }
      }
    }
  }

  @Test(arguments: MethodCase.all)
  func `the other sequences of a batch stay as they are, bit for bit`(method: MethodCase) throws {
    let model = try method.loadModel()
    let adapter = try method.adapter(for: model, "prompt")
    // The second has no prompt, so nothing of it is edited.
    let batch = TokenBatch([
      .init(tokens: someTokens(7)), .init(tokens: someTokens(6, seed: 1), promptLength: 0),
      .init(tokens: someTokens(4, seed: 2)),
    ])
    let plain = try model.scores(batch)
    let edited = try model.scores(batch, adapter)
    let width = plain.count / batch.rowCount
    for (i, rows) in batch.rows.enumerated() {
      let values = rows.lowerBound * width..<rows.upperBound * width
      #expect((edited[values] == plain[values]) == (i == 1), "sequence \(i)")
    }
  }

  @Test(arguments: MethodCase.all)
  func `a batch gives what each sequence alone gives`(method: MethodCase) throws {
    let model = try method.loadModel()
    for positions in Self.positions {
      let adapter = try method.adapter(for: model, positions)
      let sequences = [(11, 8), (1, 1), (5, 2), (16, 3)].enumerated().map {
        TokenBatch.Sequence(tokens: someTokens($1.0, seed: $0), promptLength: $1.1)
      }
      let together = try model.scores(TokenBatch(sequences), adapter)
      let alone = try sequences.flatMap { try model.scores(TokenBatch([$0]), adapter) }
      #expect(gap(together, alone) < Self.rounding, "@\(positions)")
      #expect(try gap(together, model.scores(TokenBatch(sequences))) > Self.effect, "@\(positions)")
    }
  }

  @Test(arguments: MethodCase.growing)
  func `pieces of any size with a cache give what the whole gives`(method: MethodCase) throws {
    try withoutLeaks {
      let model = try method.loadModel()
      for positions in Self.positions {
        let adapter = try method.adapter(for: model, positions)
        let tokens = [someTokens(15), someTokens(15, seed: 3)]
        let prompts = [9, 4]
        let whole = try model.scores(
          TokenBatch(zip(tokens, prompts).map { .init(tokens: $0, promptLength: $1) }), adapter)
        for size in [1, 2, 7, 15] {
          let cache = KVCache(sequences: 2, layers: model.shape.layers, capacity: 2)
          var pieces: [[Float]] = [[], []]
          for start in stride(from: 0, to: 15, by: size) {
            let end = min(start + size, 15)
            let batch = TokenBatch(
              (0..<2).map { .init(tokens: Array(tokens[$0][start..<end]), start: start, promptLength: prompts[$0]) })
            let scores = try model.scores(batch, adapter, cache: cache)
            pieces[0] += scores.prefix(scores.count / 2)
            pieces[1] += scores.suffix(scores.count / 2)
          }
          #expect(gap(pieces[0] + pieces[1], whole) < Self.rounding, "@\(positions), pieces of \(size)")
        }
      }
    }
  }

  @Test(arguments: MethodCase.all)
  func `edits of the prompt cost nothing in decoding steps`(method: MethodCase) throws {
    let model = try method.loadModel()
    func edits(_ positions: String, start: Int, count: Int = 1) throws -> Bool {
      let batch = TokenBatch([.init(tokens: someTokens(count), start: start, promptLength: 8)])
      return try method.adapter(for: model, positions).tap(for: batch).lowestLayer != nil
    }
    for positions in ["prompt", "f2+l3", "f2|l3", "l1"] {
      #expect(try edits(positions, start: 7))
      for start in 8...12 { #expect(try !edits(positions, start: start), "@\(positions) at \(start)") }
    }
    #expect(try edits("all", start: 8) && edits("generated", start: 8))
    #expect(try !edits("generated", start: 7))
    #expect(try !edits("f2+l3", start: 2, count: 3) && edits("f2+l3", start: 2, count: 4))
  }

  @Test(arguments: MethodCase.all)
  func `an adapter that was saved and loaded gives the same logits, bit for bit`(method: MethodCase) throws {
    try withoutLeaks {
      let model = try method.loadModel()
      let base = try TinyModel.base(method.model)
      let scratch = try ScratchFolder()
      for positions in ["all", "f2|l3"] {
        let adapter = try method.adapter(for: model, positions)
        let description = AdapterDescription(
          plan: adapter.plan, base: base, parameterCount: adapter.parameterCount, seed: .max,
          training: ["note": "\"quoted\""], metrics: ["loss": 0.1])
        let place = scratch("adapter")
        try adapter.save(to: place, description, texts: [("metrics.jsonl", "{}\n")], overwrite: true)
        let loaded = try Adapter.load(place, for: model, base: base)
        #expect(loaded.description == description)
        #expect(loaded.adapter.plan == adapter.plan)
        #expect(loaded.adapter.parameterCount == adapter.parameterCount)
        #expect(loaded.adapter.parts.map(\.key) == adapter.parts.map(\.key))
        let batch = TokenBatch([.init(tokens: someTokens(12), promptLength: 9)])
        #expect(try model.scores(batch, loaded.adapter) == model.scores(batch, adapter), "@\(positions)")
        #expect(try scratch.names == ["adapter"])
      }
    }
  }

  @Test(arguments: MethodCase.all)
  func `a training state that was restored is the same adapter, bit for bit`(method: MethodCase) throws {
    let model = try method.loadModel()
    let adapter = try method.adapter(for: model, "f2|l3")
    let again = try Adapter(
      adapter.plan, of: method.method, for: model, restoring: adapter.trainingState(), source: "state")
    for (a, b) in [
      (try adapter.saved(), try again.saved()), (try adapter.trainingState(), try again.trainingState()),
      (adapter.parameters, again.parameters),
    ] {
      #expect(a.map(\.name) == b.map(\.name))
      for (x, y) in zip(a, b) {
        #expect(x.tensor !== y.tensor)
        #expect(try x.tensor.values(as: Float.self) == y.tensor.values(as: Float.self), "\(x.name)")
      }
    }
    let batch = TokenBatch([.init(tokens: someTokens(12), promptLength: 9)])
    #expect(try model.scores(batch, again) == model.scores(batch, adapter))
  }

  @Test(arguments: MethodCase.all)
  func `gradients reach every parameter and no weight of the model`(method: MethodCase) throws {
    try withoutLeaks {
      let model = try method.loadModel()
      let adapter = try method.adapter(for: model, "f2|l3")
      // What is fitted has no parameters to reach.
      if adapter.parameters.isEmpty { return }
      let batch = TokenBatch([.init(tokens: someTokens(12), promptLength: 9)])
      let random = try RandomSource(seed: 3)
      // A gate that one pass draws shut has its gradient in another.
      for _ in 0..<(method.draws ? 24 : 1) {
        let output = try model.output(batch, adapter.tap(for: batch, mode: .training(TrainingPass(random: random))))
        let targets = try Tensor(someTokens(12, seed: 1).map { Int64($0) % Int64(output.size(1)) })
        try output.crossEntropy(targets).sum().backward()
      }
      for parameter in adapter.parameters {
        #expect(parameter.tensor.requiresGradient && parameter.tensor.dtype == .float32)
        let gradient = try #require(try parameter.tensor.gradient(), "\(parameter.name) has no gradient")
        #expect(try gradient.isFinite(), "\(parameter.name)")
        if MethodCase.canBeSilent.contains(method.method.name) { continue }
        #expect(try gradient.norm().item() > 0, "\(parameter.name)")
      }
      for layer in 0..<model.shape.layers {
        for component in model.components {
          let projections = [
            model.projection(reading: component, layer: layer), model.projection(writing: component, layer: layer),
          ]
          for weight in try projections.compactMap({ $0 }).flatMap({ [try $0.weight, $0.bias] }).compactMap({ $0 }) {
            #expect(!weight.requiresGradient)
            #expect(try weight.gradient() == nil)
          }
        }
      }
    }
  }

  @Test(arguments: MethodCase.all)
  func `names are unique, settings complete, and what is saved is finite`(method: MethodCase) throws {
    let model = try method.loadModel()
    let adapter = try method.adapter(for: model, "f2|l3")
    for tensors in [adapter.parameters, try adapter.saved(), try adapter.trainingState()] {
      #expect(Set(tensors.map(\.name)).count == tensors.count)
      for tensor in tensors { #expect(try tensor.tensor.isFinite()) }
    }
    // What is fitted has no parameters; saved it is all the same.
    #expect(try !adapter.saved().isEmpty && !adapter.trainingState().isEmpty)
    #expect((adapter.parameterCount > 0) == !adapter.parameters.isEmpty)
    let source = JSONReader(adapter.plan.settings, source: "plan")
    #expect(try method.method.settings(source) == adapter.plan.settings)
    for (key, value) in method.settings { #expect(adapter.plan.settings[key] == value) }
    #expect(!method.method.summary.isEmpty && !method.method.reference.isEmpty)
    #expect(try Location.list(parsing: method.method.defaultLocations).line.hasPrefix(method.method.defaultLocations))
  }

  @Test(arguments: MethodCase.all)
  func `the seed decides the start`(method: MethodCase) throws {
    let model = try method.loadModel()
    func start(_ seed: UInt64) throws -> [[Float]] {
      try Adapter(method.plan(), of: method.method, for: model, using: RandomSource(seed: seed)).saved().map {
        try $0.tensor.values()
      }
    }
    #expect(try start(1) == start(1))
    // Zeros and ones need no seed.
    let isConstant = try start(1).allSatisfy { Set($0).count == 1 }
    #expect(try (start(1) == start(2)) == isConstant)
  }

  @Test(arguments: MethodCase.all)
  func `locations of one site stand beside each other`(method: MethodCase) throws {
    let model = try method.loadModel()
    let locations = try Location.list(parsing: method.line("1", "f2") + ";" + method.line("1", "l2"))
    let plan = Adapter.Plan(method: method.method.name, settings: method.settings, locations: locations)
    let adapter = try Adapter(plan, of: method.method, for: model, using: RandomSource(seed: 1))
    #expect(adapter.parts.count == locations.count && Set(adapter.parts.map(\.key)).count == locations.count)
    let again = try Adapter(
      adapter.plan, of: method.method, for: model, restoring: adapter.saved(), source: "saved")
    let batch = TokenBatch(prompts: [someTokens(9)])
    #expect(try model.scores(batch, again) == model.scores(batch, adapter))
  }

  @Test(arguments: MethodCase.all.filter(\.method.startsAsIdentity))
  func `what promises to start as the identity does, bit for bit`(method: MethodCase) throws {
    let model = try method.loadModel()
    let batch = TokenBatch(prompts: [someTokens(9), someTokens(4, seed: 1)])
    let fresh = try Adapter(method.plan(), of: method.method, for: model, using: RandomSource(seed: 1))
    #expect(try model.scores(batch, fresh) == model.scores(batch))
  }

  @Test(arguments: MethodCase.all)
  func `a strength of zero is the identity, and any other moves a site so many times as far`(method: MethodCase) throws
  {
    let model = try method.loadModel()
    let adapter = try method.adapter(for: model, layers: "1", "f2+l3")
    let batch = TokenBatch(prompts: [someTokens(9), someTokens(4, seed: 1)])
    func routes(_ strength: Double) throws -> AdapterRoutes {
      try AdapterRoutes([[AdapterUse(adapter, strength: strength)]])
    }
    #expect(try model.scores(batch, routes(0).tap(for: batch)) == model.scores(batch))
    #expect(try routes(0).tap(for: batch).lowestLayer == nil)
    #expect(try model.scores(batch, routes(1).tap(for: batch)) == model.scores(batch, adapter))
    let site = try #require(adapter.parts.map(\.target.site).min())
    let plain = try model.recorded([site], batch, .none)[0]
    let whole = try model.recorded([site], batch, adapter.tap(for: batch))[0]
    for strength in [0.5, 2, -1] {
      let got = try model.recorded([site], batch, routes(strength).tap(for: batch))[0]
      let expected = zip(plain, whole).map { $0 + ($1 - $0) * Float(strength) }
      #expect(gap(got, expected) < Self.rounding)
      #expect(gap(got, whole) > Self.effect)
    }
  }

  @Test(arguments: MethodCase.all)
  func `a sequence among others with other adapters gets what it gets when all go its way, bit for bit`(
    method: MethodCase
  ) throws {
    let model = try method.loadModel()
    for positions in Self.positions {
      let (first, second) = (try method.adapter(for: model, positions), try method.adapter(for: model, "all", seed: 2))
      let uses = try (first: AdapterUse(first), half: AdapterUse(first, strength: 0.5), second: AdapterUse(second))
      let routes = try AdapterRoutes([[], [uses.first], [uses.half, uses.second], [uses.second, uses.first]])
      let sequences = [(11, 8, 1), (6, 6, 0), (5, 2, 2), (9, 3, 3), (7, 7, 1)].enumerated().map {
        TokenBatch.Sequence(
          tokens: someTokens($1.0, seed: $0), promptLength: $1.1, route: $1.2)
      }
      func scores(_ sequences: [TokenBatch.Sequence]) throws -> [Float] {
        let batch = TokenBatch(sequences)
        return try withoutGradients { try model.scores(batch, routes.tap(for: batch)) }
      }
      let mixed = try scores(sequences)
      let width = mixed.count / sequences.reduce(0) { $0 + $1.tokens.count }
      for route in routes.routes.indices {
        let alike = try scores(
          sequences.map { TokenBatch.Sequence(tokens: $0.tokens, promptLength: $0.promptLength, route: route) })
        for (sequence, rows) in zip(sequences, TokenBatch(sequences).rows) {
          let values = rows.lowerBound * width..<rows.upperBound * width
          if sequence.route == route {
            #expect(mixed[values] == alike[values], "@\(positions), route \(route)")
          } else if positions == "all" {
            #expect(mixed[values] != alike[values], "@\(positions), route \(route)")
          }
        }
      }
    }
  }

  @Test(arguments: MethodCase.all)
  func `dropout and gates are drawn in training alone`(method: MethodCase) throws {
    let model = try method.loadModel()
    let adapter = try method.adapter(for: model)
    let batch = TokenBatch(prompts: [someTokens(9)])
    let training = try withoutGradients {
      try model.scores(batch, adapter.tap(for: batch, mode: .training(TrainingPass(random: RandomSource(seed: 1)))))
    }
    if !MethodCase.othersInTraining.contains(method.method.name) {
      #expect((training == (try model.scores(batch, adapter))) == !method.draws)
    }
    #expect(try model.scores(batch, adapter) == model.scores(batch, adapter))
  }
}
