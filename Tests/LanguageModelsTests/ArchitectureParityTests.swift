import Checkpoints
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Whole tensors against transformers, on tiny random checkpoints (scripts/goldens/llama.py and architectures.py).
@Suite(.engineAlone) struct ArchitectureParity {
  @Test(arguments: TinyModel.names)
  func `the numbers of every sequence equal transformers`(name: String) throws {
    try withoutLeaks {
      let parity = try ModelParity(name)
      #expect(parity.sequences.count >= 3)
      for i in parity.sequences.indices {
        try parity.golden.expect(parity.output(of: [parity.sequences[i]]), equals: parity.outputName(i))
      }
    }
  }

  @Test(arguments: TinyModel.names)
  func `every component of every layer equals transformers`(name: String) throws {
    try withoutLeaks {
      let parity = try ModelParity(name)
      let layers = 0..<parity.model.shape.layers
      let sites = layers.flatMap { layer in parity.model.components.map { Site(layer: layer, component: $0) } }
      let recorders = sites.map { _ in Recorder() }
      var tap = Tap.none
      for (site, recorder) in zip(sites, recorders) { tap.place(recorder, at: site, on: .all) }
      let hidden = try parity.model.hidden(TokenBatch([parity.sequences[0]]), cache: nil, tap: tap)
      if parity.golden.has("hidden") { try parity.golden.expect(hidden, equals: "hidden") }
      var compared = 0
      for (site, recorder) in zip(sites, recorders) where parity.golden.has(site.goldenName) {
        compared += 1
        try parity.golden.expect(try #require(recorder.activations.first), equals: site.goldenName)
      }
      #expect(compared == parity.golden.names.filter { $0.hasPrefix("blocks.") }.count)
    }
  }

  /// What trains an adapter: the gradient through everything above the first block.
  @Test(arguments: TinyModel.names.filter { ModelParity.has("grad.0.output", $0) })
  func `the gradient at the first block's output equals transformers`(name: String) throws {
    try withoutLeaks {
      let parity = try ModelParity(name)
      let leaf = Leaf()
      let tap = Tap([Site(layer: 0, component: .blockOutput): [.init(leaf, on: .all)]])
      let targets = try Tensor(parity.golden.ids("targets.0").map(Int64.init))
      let logits = try parity.output(of: [parity.sequences[0]], tap: tap)
      try logits.crossEntropy(targets).sum().backward()
      let gradient = try #require(try leaf.tensor?.gradient())
      try parity.golden.expect(gradient, equals: "grad.0.output")
      try parity.golden.expectDiffers(gradient * 0.9, from: "grad.0.output")
    }
  }

  @Test(arguments: TinyModel.names)
  func `another sequence's numbers do not pass for these`(name: String) throws {
    let parity = try ModelParity(name)
    var sequence = parity.sequences[0]
    sequence.tokens[3] = (sequence.tokens[3] + 1) % 97
    try parity.golden.expectDiffers(parity.output(of: [sequence]), from: parity.outputName(0))
  }

  /// A value of config.json under which the reference computes something else must not be read over: it changes the
  /// numbers here too, or is refused by name.
  @Test(arguments: TinyModel.names.flatMap(ModelParity.controls))
  func `a value that changes the reference is not read over`(control: ModelParity.Control) throws {
    let parity = try ModelParity(control.name)
    let scratch = try ScratchFolder()
    do {
      let changed = try control.model(in: scratch)
      try parity.golden.expectDiffers(parity.output(of: [parity.sequences[3]], of: changed), from: control.tensor)
    } catch let error as ModelError {
      guard case .unsupported = error else { throw error }
    }
  }

  @Test(arguments: TinyModel.names)
  func `a packed batch gives what each sequence alone gives`(name: String) throws {
    let parity = try ModelParity(name)
    let batch = TokenBatch(parity.sequences)
    let output = try parity.output(of: parity.sequences)
    for (i, rows) in batch.rows.enumerated() {
      try parity.golden.expect(output.narrowed(0, rows), equals: parity.outputName(i))
    }
  }

  @Test(arguments: TinyModel.decoders)
  func `prefill in chunks with a cache gives the same logits`(name: String) throws {
    try withoutLeaks {
      let parity = try ModelParity(name)
      let longest = parity.sequences.count - 1
      let ids = parity.sequences[longest].tokens
      for chunk in [1, 2, 5, 7, 23] {
        let cache = KVCache(sequences: 1, layers: parity.model.shape.layers, capacity: 4)
        var parts: [Tensor] = []
        for start in stride(from: 0, to: ids.count, by: chunk) {
          let tokens = Array(ids[start..<min(start + chunk, ids.count)])
          parts.append(
            try parity.output(of: [.init(tokens: tokens, start: start, promptLength: ids.count)], cache: cache))
        }
        #expect(cache.lengths == [ids.count])
        try parity.golden.expect(Tensor.concatenated(parts, along: 0), equals: parity.outputName(longest))
      }
    }
  }

  /// Windows give up rows behind them, and rows attend in blocks: only a long text meets either.
  @Test(arguments: TinyModel.decoders.filter { ModelParity.has("long.ids", $0) })
  func `a long text gives the same, whole and in chunks`(name: String) throws {
    try withoutLeaks {
      let parity = try ModelParity(name)
      let ids = try parity.golden.ids("long.ids")
      for chunk in [ids.count, 17, 257] {
        let cache = chunk == ids.count ? nil : KVCache(sequences: 1, layers: parity.model.shape.layers)
        var rows: [Tensor] = []
        for start in stride(from: 0, to: ids.count, by: chunk) {
          let tokens = Array(ids[start..<min(start + chunk, ids.count)])
          let batch = TokenBatch.Sequence(tokens: tokens, start: start, promptLength: ids.count)
          rows.append(try parity.output(of: [batch], cache: cache))
        }
        let logits = try Tensor.concatenated(rows, along: 0)
        let tail = ids.count - (try parity.golden.stored("long.logits").shape[0])
        try parity.golden.expect(logits.narrowed(0, tail..<ids.count), equals: "long.logits")
      }
    }
  }

  @Test(arguments: TinyModel.names)
  func `a decoder does not see what comes later, an encoder does`(name: String) throws {
    let parity = try ModelParity(name)
    #expect(parity.model.isCausal == TinyModel.decoders.contains(name))
    let whole = parity.sequences[0]
    var changed = whole
    changed.tokens[whole.tokens.count - 1] = (changed.tokens[whole.tokens.count - 1] + 1) % 97
    func beginning(_ sequence: TokenBatch.Sequence) throws -> [Float] {
      try parity.output(of: [sequence]).narrowed(0, 0..<sequence.tokens.count - 1).values()
    }
    #expect(try (beginning(changed) == beginning(whole)) == parity.model.isCausal)
  }

  @Test(arguments: ["bert", "bert_headless"])
  func `the segments of a pair show`(name: String) throws {
    let parity = try ModelParity(name)
    let pair = try #require(parity.sequences.firstIndex { !$0.types.isEmpty })
    var plain = parity.sequences[pair]
    plain.types = []
    try parity.golden.expectDiffers(parity.output(of: [plain]), from: parity.outputName(pair))
  }

  @Test(arguments: TinyModel.names)
  func `every advertised component fires once a layer with its documented shape`(name: String) throws {
    let model = try TinyModel.load(name)
    let shape = model.shape
    #expect(!model.components.isEmpty)
    var tap = Tap.none
    var recorders: [Site: Recorder] = [:]
    for layer in 0..<shape.layers {
      for component in model.components {
        let recorder = Recorder()
        recorders[Site(layer: layer, component: component)] = recorder
        tap.place(recorder, at: Site(layer: layer, component: component), on: .all)
      }
    }
    _ = try model.hidden(TokenBatch(prompts: [[1, 2, 3], [4, 5]]), cache: nil, tap: tap)
    for (site, recorder) in recorders {
      #expect(recorder.activations.count == 1, "\(site)")
      let expected =
        site.component == .headOutput ? [5, shape.heads, shape.headDim] : [5, shape.width(of: site.component)]
      #expect(recorder.activations.first?.shape == expected, "\(site)")
    }
  }

  @Test(arguments: TinyModel.names)
  func `a tap that only looks leaves the numbers bit-identical`(name: String) throws {
    let parity = try ModelParity(name)
    let sequence = TokenBatch.Sequence(tokens: [1, 2, 3, 4, 5, 6])
    func values(_ tap: Tap) throws -> [Float] { try parity.output(of: [sequence], tap: tap).values() }
    var tap = Tap.none
    for component in parity.model.components {
      tap.place(Recorder(), at: Site(layer: 0, component: component), on: .all)
      tap.place(Recorder(), at: Site(layer: 1, component: component), on: .some(RowIndex([0, 3])))
    }
    let plain = try values(.none)
    #expect(try values(tap) == plain)
    #expect(try values(Tap([:])) == plain)
  }
}
