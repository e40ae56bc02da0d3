import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Where pyreft's positions, padding, generation and files go wrong, and how ours go.
@Suite(.engineAlone) struct ReFTPositionTraps {
  private let model: any LanguageModel

  init() throws { model = try TinyModel.load() }

  private func adapter(_ locations: String, _ settings: JSONObject = ["rank": 3], method: String = "loreft") throws
    -> Adapter
  {
    try Adapter(
      .init(method: method, settings: settings, locations: Location.list(parsing: locations)),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 4))
  }

  /// The rows of block 0 that an adapter changes.
  private func changed(_ adapter: Adapter, _ sequences: [TokenBatch.Sequence]) throws -> [[Int]] {
    let batch = TokenBatch(sequences)
    let site = Site(layer: 0, component: .blockOutput)
    let plain = try model.recorded([site], batch, .none)[0]
    let edited = try model.recorded([site], batch, adapter.tap(for: batch))[0]
    let width = model.shape.hidden
    return batch.rows.map { rows in
      rows.filter { plain[$0 * width..<($0 + 1) * width] != edited[$0 * width..<($0 + 1) * width] }
        .map { $0 - rows.lowerBound }
    }
  }

  private func places(_ n: Int, _ positions: Positions, _ rule: Positions.Rule = .exact) -> [Int] {
    positions.ranges(promptLength: n, rule: rule).flatMap { Array($0) }
  }

  // MARK: Positions

  @Test func `short prompts: f7 of ten tokens are seven, not n // 2, and no middle token is left out`() throws {
    let f7 = Positions.ends(first: 7, last: 0, tied: true)
    #expect(places(10, f7) == Array(0..<7) && places(10, f7, .pyreft) == Array(0..<5))
    let both = Positions.ends(first: 7, last: 7, tied: true)
    #expect(places(9, both) == Array(0..<9) && places(9, both, .pyreft) == [0, 1, 2, 3, 5, 6, 7, 8])
    let sequences = [TokenBatch.Sequence(tokens: someTokens(6), promptLength: 5)]
    #expect(try changed(adapter("0.block_output@f7+l7"), sequences) == [Array(0..<5)])
    #expect(try changed(adapter("0.block_output@f4"), sequences) == [Array(0..<4)])
  }

  @Test func `missing slots: no sink token stands in for them, and the first answer token is never edited`() throws {
    let sequences = (1...4).map { TokenBatch.Sequence(tokens: someTokens(8, seed: $0), promptLength: $0) }
    let batch = TokenBatch(sequences)
    #expect(batch.rowCount == 32 && batch.positions == (0..<4).flatMap { _ in Array(0..<8) })
    let expected = (1...4).map { Array(0..<$0) }
    #expect(try changed(adapter("0.block_output@f7+l7"), sequences) == expected)
    #expect(try changed(adapter("0.block_output@f7|l7"), sequences) == expected)
    // Untied, the truncated slots of one end are not edited by the other.
    let untied = try adapter("0.block_output@f7|l7")
    for (side, part) in zip([Positions.Side.first, .last], untied.parts) {
      for n in 1...4 {
        let mine = part.positions.ranges(promptLength: n, side: part.side).flatMap { Array($0) }
        #expect(mine == (side == .first ? Array(0..<n / 2) : Array(n / 2..<n)))
      }
    }
  }

  @Test func `off by one: l1 is the last prompt token; what pyreft's datasets edited instead is written -2`() throws {
    let sequences = [
      TokenBatch.Sequence(tokens: someTokens(9), promptLength: 7),
      TokenBatch.Sequence(tokens: someTokens(5, seed: 1), promptLength: 4),
    ]
    #expect(try changed(adapter("0.block_output@l1"), sequences) == [[6], [3]])
    #expect(try changed(adapter("0.block_output@-1"), sequences) == [[6], [3]])
    #expect(try changed(adapter("0.block_output@-2"), sequences) == [[5], [2]])
  }

  @Test func `BOS search: no, one or many first tokens do not move the positions`() throws {
    let prompts: [[Int32]] = [[1, 1, 1, 9, 1, 8], [9, 8, 7, 6], [0, 1, 5, 0, 1], [2, 2, 2]]
    let sequences = prompts.map { TokenBatch.Sequence(tokens: $0) }
    #expect(try changed(adapter("0.block_output@f1+l1"), sequences) == prompts.map { [0, $0.count - 1] })
  }

  @Test func `left padding: rows of a batch stand where they stand alone, and answer as they do alone`() throws {
    let adapter = try adapter("all.block_output@f2|l2")
    let sequences = [3, 11, 6].enumerated().map { TokenBatch.Sequence(tokens: someTokens($1, seed: $0)) }
    let together = try model.scores(TokenBatch(sequences), adapter)
    let alone = try sequences.flatMap { try model.scores(TokenBatch([$0]), adapter) }
    #expect(gap(together, alone) < 2e-5)
  }

  @Test func `lost padding mask: pad, unknown and end ids inside a text are tokens like others`() throws {
    let adapter = try adapter("all.block_output@f2+l2")
    // 0, 1 and 2 are what Llama's tokenizers and the reference scripts take for unk, bos, eos and padding.
    let sequences: [TokenBatch.Sequence] = [
      .init(tokens: [5, 0, 2, 0, 9, 2, 0, 2], promptLength: 5), .init(tokens: [2, 2, 7, 2], promptLength: 2),
      .init(tokens: someTokens(15), promptLength: 9),
    ]
    let labels = sequences.map { Double($0.tokens.count - $0.promptLength) }
    let alone = try sequences.map { try model.responseLoss([$0], adapter).item() }
    let mean = zip(alone, labels).reduce(0) { $0 + $1.0 * $1.1 } / labels.reduce(0, +)
    #expect(try abs(model.responseLoss(sequences, adapter).item() - mean) < 1e-5)
    // A mask over these ids would change what follows them.
    let other = TokenBatch.Sequence(tokens: [5, 6, 2, 0, 9, 2, 0, 2], promptLength: 5)
    #expect(try abs(model.responseLoss([other], adapter).item() - alone[0]) > 1e-3)
  }

  // MARK: Generation

  @Test(arguments: ["f2+l2", "l1", "generated", "f2+l2+generated"])
  func `call counter: with a cache, without, and with any chunks of the prompt the edits are the same`(
    positions: String
  ) throws {
    let adapter = try adapter("all.block_output@\(positions)")
    let (tokens, n) = (someTokens(12), 8)
    let whole = try model.scores(TokenBatch([.init(tokens: tokens, promptLength: n)]), adapter)
    for size in [1, 3, 7, n] {
      let cache = KVCache(sequences: 1, layers: model.shape.layers)
      var scores: [Float] = []
      let starts = Array(stride(from: 0, to: n, by: size)) + Array(n..<12)
      for (start, end) in zip(starts, starts.dropFirst() + [12]) {
        let piece = TokenBatch.Sequence(tokens: Array(tokens[start..<end]), start: start, promptLength: n)
        scores += try model.scores(TokenBatch([piece]), adapter, cache: cache)
      }
      #expect(gap(scores, whole) < 2e-5, "chunks of \(size)")
    }
  }

  @Test func `an edit of generated tokens alone leaves the prompt's keys and values as they are, bit for bit`() throws {
    let adapter = try adapter("all.block_output@generated")
    let prompt = TokenBatch([.init(tokens: someTokens(8), promptLength: 8)])
    let next = TokenBatch([.init(tokens: [7], start: 8, promptLength: 8)])
    let (edited, plain) = (
      KVCache(sequences: 1, layers: model.shape.layers), KVCache(sequences: 1, layers: model.shape.layers)
    )
    #expect(try model.scores(prompt, adapter, cache: edited) == model.scores(prompt, cache: plain))
    // What the plain model makes of either cache is the same; what the edit makes of it is not.
    #expect(try model.scores(next, cache: edited) == model.scores(next, cache: plain))
    let again = TokenBatch([.init(tokens: [7], start: 9, promptLength: 8)])
    #expect(try model.scores(again, adapter, cache: edited) != model.scores(again, cache: plain))
  }

  @Test func `an edit leaves the blocks below it as they are, bit for bit`() throws {
    let batch = TokenBatch(prompts: [someTokens(9)])
    let sites = (0..<3).map { Site(layer: $0, component: .blockOutput) }
    let plain = try model.recorded(sites, batch, .none)
    let edited = try model.recorded(sites, batch, adapter("1.block_output@all").tap(for: batch))
    #expect(edited[0] == plain[0] && edited[1] != plain[1] && edited[2] != plain[2])
  }

  @Test func `beam search: repeated rows of a batch are edited alike`() throws {
    let adapter = try adapter("all.block_output@f2|l2")
    let beam = TokenBatch((0..<4).map { _ in .init(tokens: someTokens(7)) })
    let scores = try model.scores(beam, adapter)
    let rows = (0..<4).map { Array(scores[$0 * scores.count / 4..<($0 + 1) * scores.count / 4]) }
    let single = try model.scores(TokenBatch(prompts: [someTokens(7)]), adapter)
    for row in rows { #expect(gap(row, single) < 2e-5) }
  }

  // MARK: Weights that are shared, frozen, saved

  @Test func `intervention_link_key: tied ends share one set of weights in truth, with one gradient from both`() throws
  {
    func gradient(_ positions: String) throws -> [Float] {
      let adapter = try adapter("1.block_output@\(positions)")
      #expect(adapter.parts.count == 1)
      try model.responseLoss([.init(tokens: someTokens(12), promptLength: 8)], adapter).backward()
      let bias = try #require(adapter.parameters.first { $0.name.hasSuffix("bias") }).tensor
      return try #require(try bias.gradient()).values()
    }
    let (both, first, last) = (try gradient("f2+l2"), try gradient("f2"), try gradient("l2"))
    #expect(both != first && both != last)
    #expect(try adapter("1.block_output@f2|l2").parameterCount == 2 * adapter("1.block_output@f2+l2").parameterCount)
  }

  @Test func `frozen head: no weight of the model requires or gets a gradient, the vocabulary's included`() throws {
    let adapter = try adapter("all.block_output@f2+l2")
    for _ in 0..<3 {
      try model.responseLoss([.init(tokens: someTokens(12), promptLength: 8)], adapter).backward()
    }
    var frozen = [try model.embeddingTable.tensor()]
    for layer in 0..<model.shape.layers {
      for component in model.components {
        for projection in [
          model.projection(reading: component, layer: layer), model.projection(writing: component, layer: layer),
        ].compactMap({ $0 }) {
          frozen += [try projection.weight] + (projection.bias.map { [$0] } ?? [])
        }
      }
    }
    #expect(frozen.count > 3)
    for weight in frozen {
      #expect(!weight.requiresGradient)
      #expect(try weight.gradient() == nil)
    }
  }

  private static let everySetting: [(method: String, settings: JSONObject)] = [
    ("loreft", ["rank": 3, "dropout": 0.25, "activation": "gelu", "subspaces": ["a": [0, 0], "b": [1, 2]]]),
    ("noreft", ["rank": 3, "dropout": 0.25, "activation": "tanh", "projection_bias": true]),
    ("direft", ["rank": 3, "dropout": 0.1, "activation": "relu"]),
    ("consreft", ["rank": 3]),
    ("lobireft", ["rank": 3, "dropout": 0.1]),
    ("direft_orthonormal", ["rank": 3, "dropout": 0.1, "activation": "silu"]),
    ("reft_r1", ["k": 5, "l1": 0.25, "form": "clamping"]),
  ]

  @Test(arguments: everySetting)
  func `reload: rank, activation, dropout and all other settings come back, and what is there is not overwritten`(
    method: String, settings: JSONObject
  ) throws {
    let adapter = try adapter("all.block_output@f2+l2", settings, method: method)
    let folder = try ScratchFolder()
    let description = AdapterDescription(
      plan: adapter.plan, base: try TinyModel.base(), parameterCount: adapter.parameterCount, seed: 4)
    try adapter.save(to: folder("adapter"), description)
    let (loaded, _) = try Adapter.load(folder("adapter"), for: model, base: TinyModel.base())
    #expect(loaded.plan == adapter.plan)
    for (key, value) in settings { #expect(loaded.plan.settings[key] == value, "\(key)") }
    let batch = TokenBatch([.init(tokens: someTokens(10), promptLength: 7)])
    #expect(try model.scores(batch, loaded) == model.scores(batch, adapter))
    // pyreft skips a folder that is not empty without a word.
    #expect(throws: (any Error).self) { try adapter.save(to: folder("adapter"), description) }
  }

  @Test func `bfloat16 sources: R, W and b are float32 from the start to the file`() throws {
    for method in ["loreft", "direft", "noreft", "consreft", "lobireft", "direft_orthonormal", "reft_r1"] {
      let adapter = try adapter("all.block_output@f2+l2", [:], method: method)
      for tensor in try adapter.parameters + adapter.saved() + adapter.trainingState() {
        #expect(tensor.tensor.dtype == .float32, "\(tensor.name)")
      }
    }
  }
}
