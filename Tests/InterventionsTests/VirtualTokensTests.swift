import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What stands before a text: prefix tuning and prompt tuning, against peft (scripts/goldens/virtual_tokens.py) and by laws.
@Suite(.engineAlone) struct VirtualTokens {
  private static let goldens = ["prefix_tuning", "prefix_tuning_network", "prompt_tuning"]
  private static let rounding: Float = 2e-5

  // MARK: against peft

  @Test(arguments: goldens)
  func `logits of every text equal peft's`(name: String) throws {
    try withoutLeaks {
      let reference = try PrefixGolden(name)
      let model = try TinyModel.load("llama_gqa_tied")
      let adapter = try reference.adapter(for: model)
      for row in try reference.golden.integers("prompts").indices {
        try reference.golden.expect(reference.logits(row, model, adapter), equals: "logits.\(row)")
      }
      // Without its first row the prefix is another one.
      let start = try reference.tensors(for: model).map {
        NamedTensor($0.name, $0.name.hasSuffix("weight") ? $0.tensor : try $0.tensor * 1.01)
      }
      let other = try reference.golden.adapter(adapter.plan, for: model, restoring: start)
      try reference.golden.expectDiffers(reference.logits(0, model, other), from: "logits.0")
    }
  }

  @Test(arguments: goldens)
  func `a greedy continuation with a cache equals peft's`(name: String) throws {
    let reference = try PrefixGolden(name)
    let model = try TinyModel.load("llama_gqa_tied")
    let adapter = try reference.adapter(for: model)
    let expected = try reference.golden.ids("generated")
    var tokens = try reference.golden.ids("ids.0")
    let promptLength = tokens.count
    let cache = KVCache(sequences: 1, layers: model.shape.layers)
    try withoutGradients {
      while tokens.count < expected.count {
        let held = cache.lengths[0]
        let batch = TokenBatch([.init(tokens: Array(tokens[held...]), start: held, promptLength: promptLength)])
        let hidden = try model.hidden(batch, cache: cache, tap: adapter.tap(for: batch))
        let last = try hidden.narrowed(0, hidden.size(0) - 1..<hidden.size(0))
        tokens += try model.logits(last).argmax(along: 1).values(as: Int32.self)
      }
    }
    #expect(tokens == expected)
  }

  @Test(arguments: goldens)
  func `loss, every gradient and twenty steps of training equal peft's`(name: String) throws {
    try withoutLeaks {
      let reference = try PrefixGolden(name)
      let golden = reference.golden
      let model = try TinyModel.load("llama_gqa_tied")
      let adapter = try reference.adapter(for: model)
      let loss = try model.responseLoss(golden.sequences, adapter)
      try golden.expect(loss.reshaped([1]), equals: "loss")
      try loss.backward()
      let gradients = try reference.named(adapter, model) { try #require(try $0.gradient()) }
      try golden.expect(gradients, equal: "gradients.")
      for gradient in gradients {
        try golden.expectDiffers(gradient.tensor * 1.05, from: "gradients.\(gradient.name)")
      }
      for parameter in adapter.parameters { try parameter.tensor.clearGradient() }
      let losses = try reference.train(adapter, model)
      try golden.expect(Tensor(losses), equals: "losses")
      #expect(try #require(losses.last) < losses[0])
    }
  }

  // MARK: laws

  /// Ways to put rows before a text, on one model of each kind of block.
  static let cases: [(method: String, settings: JSONObject, model: String)] = [
    ("prefix_tuning", ["tokens": 3], "llama_gqa_tied"), ("prefix_tuning", ["tokens": 2], "gpt2"),
    ("prefix_tuning", ["tokens": 4, "reparametrised": true, "width": 5], "gemma2"),
    ("prefix_tuning", ["tokens": 4], "mistral_window"), ("prefix_tuning", ["tokens": 3], "bert"),
    ("prompt_tuning", ["tokens": 4], "llama_gqa_tied"), ("prompt_tuning", ["tokens": 3, "start": "random"], "gpt2"),
    ("prompt_tuning", ["start_tokens": [5, 7, 11]], "gemma2"), ("prompt_tuning", ["tokens": 2], "gpt_neox"),
    ("prompt_tuning", ["tokens": 5], "qwen2_window"),
  ]

  private func adapter(
    _ method: String, _ settings: JSONObject, _ model: any LanguageModel, seed: UInt64 = 3
  ) throws -> Adapter {
    let method = try InterventionRegistry.standard.method(method)
    return try Adapter(
      .init(method: method.name, settings: settings, locations: Location.list(parsing: method.defaultLocations)),
      of: method, for: model, using: RandomSource(seed: seed))
  }

  private let sequences = [(11, 8), (1, 1), (5, 2), (16, 3)].enumerated().map {
    TokenBatch.Sequence(tokens: someTokens($1.0, seed: $0), promptLength: $1.1)
  }

  @Test(arguments: cases)
  func `a batch gives what each sequence alone gives, and the model itself stays as it is`(
    method: String, settings: JSONObject, model name: String
  ) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      let adapter = try adapter(method, settings, model)
      let before = try model.scores(TokenBatch(sequences))
      let together = try model.scores(TokenBatch(sequences), adapter)
      let alone = try sequences.flatMap { try model.scores(TokenBatch([$0]), adapter) }
      #expect(together.count == before.count && gap(together, alone) < Self.rounding)
      #expect(gap(together, before) > 1e-3)
      #expect(try model.scores(TokenBatch(sequences)) == before)
    }
  }

  @Test(arguments: cases.filter { $0.model != "bert" })
  func `pieces of any size with a cache give what the whole gives`(
    method: String, settings: JSONObject, model name: String
  ) throws {
    let model = try TinyModel.load(name)
    let adapter = try adapter(method, settings, model)
    let tokens = [someTokens(15), someTokens(15, seed: 3)]
    let routes = try AdapterRoutes([[AdapterUse(adapter)], [AdapterUse(adapter, strength: 0.3)], []])
    for route in 0..<3 {
      func scores(_ batch: TokenBatch, cache: KVCache? = nil) throws -> [Float] {
        try withoutGradients { try model.scores(batch, routes.tap(for: batch), cache: cache) }
      }
      let whole = try scores(TokenBatch(tokens.map { .init(tokens: $0, promptLength: 9, route: route) }))
      for size in [1, 4, 15] {
        let cache = KVCache(sequences: 2, layers: model.shape.layers, capacity: 2)
        var pieces: [[Float]] = [[], []]
        for start in stride(from: 0, to: 15, by: size) {
          #expect(cache.lengths == [start, start])
          let end = min(start + size, 15)
          let batch = TokenBatch(
            tokens.map { .init(tokens: Array($0[start..<end]), start: start, promptLength: 9, route: route) })
          let got = try scores(batch, cache: cache)
          pieces[0] += got.prefix(got.count / 2)
          pieces[1] += got.suffix(got.count / 2)
        }
        #expect(gap(pieces[0] + pieces[1], whole) < Self.rounding, "route \(route), pieces of \(size)")
      }
    }
  }

  @Test(arguments: cases)
  func `sequences with other prefixes, or none, do not disturb each other`(
    method: String, settings: JSONObject, model name: String
  ) throws {
    let model = try TinyModel.load(name)
    let (first, second) = (try adapter(method, settings, model), try adapter(method, settings, model, seed: 4))
    let lofit = try adapter("lofit", ["deviation": 0.5], model)
    let routes = try AdapterRoutes([
      [], [AdapterUse(first), AdapterUse(lofit)], [AdapterUse(lofit), AdapterUse(second, strength: 0.5)],
      [AdapterUse(first)],
    ])
    func scores(_ sequences: [TokenBatch.Sequence]) throws -> [Float] {
      let batch = TokenBatch(sequences)
      return try withoutGradients { try model.scores(batch, routes.tap(for: batch)) }
    }
    var mixed = sequences
    for i in mixed.indices { mixed[i].route = (i + 1) % 4 }
    let together = try scores(mixed)
    let alone = try mixed.flatMap { try scores([$0]) }
    #expect(gap(together, alone) < Self.rounding)
    // A prefix of its own is what a sequence would miss.
    #expect(try gap(together, scores(sequences)) > 1e-3)
  }

  @Test(arguments: cases)
  func `a strength of zero is the identity, one the prefix, and what lies between moves from one to the other`(
    method: String, settings: JSONObject, model name: String
  ) throws {
    let model = try TinyModel.load(name)
    let adapter = try adapter(method, settings, model)
    let batch = TokenBatch(sequences)
    func scores(_ strength: Double) throws -> [Float] {
      let routes = try AdapterRoutes([[AdapterUse(adapter, strength: strength)]])
      return try withoutGradients { try model.scores(batch, routes.tap(for: batch)) }
    }
    #expect(try scores(0) == model.scores(batch))
    #expect(try scores(1) == model.scores(batch, adapter))
    #expect(try gap(scores(1 - 1e-6), scores(1)) < 1e-3)
    if name != "gpt2", name != "bert" {
      // Learned positions begin behind the prefix however weak it is; turned ones are relative.
      #expect(try gap(scores(1e-9), scores(0)) < 1e-3)
    }
    #expect(try gap(scores(0.5), scores(1)) > 1e-3 && gap(scores(0.5), scores(0)) > 1e-3)
    expect(
      AdapterError.setting(key: "strength", expected: "a number, zero or more", got: "-1.0", method: method)
    ) { _ = try AdapterUse(adapter, strength: -1) }
  }

  @Test(arguments: cases)
  func `what is saved and what training goes on from give the same logits, bit for bit`(
    method: String, settings: JSONObject, model name: String
  ) throws {
    let model = try TinyModel.load(name)
    let adapter = try adapter(method, settings, model)
    let batch = TokenBatch(sequences)
    for tensors in [try adapter.saved(), try adapter.trainingState()] {
      let again = try Adapter(
        adapter.plan, of: InterventionRegistry.standard.method(method), for: model, restoring: tensors, source: "saved")
      #expect(try model.scores(batch, again) == model.scores(batch, adapter))
    }
    #expect(try adapter.saved().allSatisfy { $0.name.hasSuffix(".rows") })
  }

  @Test(arguments: cases)
  func `gradients reach every parameter and no weight of the model`(
    method: String, settings: JSONObject, model name: String
  ) throws {
    let model = try TinyModel.load(name)
    let adapter = try adapter(method, settings, model)
    let batch = TokenBatch(sequences)
    let output = try model.output(batch, adapter.tap(for: batch))
    #expect(output.size(0) == batch.rowCount)
    try output.abs().sum().backward()
    #expect(Set(adapter.parameters.map(\.name)).count == adapter.parameters.count)
    for parameter in adapter.parameters {
      let gradient = try #require(try parameter.tensor.gradient(), "\(parameter.name)")
      #expect(try gradient.isFinite() && gradient.norm().item() > 0, "\(parameter.name)")
    }
    #expect(try model.embeddingTable.tensor().gradient() == nil)
  }

  @Test func `a soft prompt made of tokens is what those tokens are`() throws {
    let model = try TinyModel.load("gemma2")
    let adapter = try adapter("prompt_tuning", ["start_tokens": [5, 7, 11], "tokens": 5], model)
    let text = someTokens(9)
    let prefixed = try model.scores(TokenBatch(prompts: [[5, 7, 11, 5, 7] + text]))
    let soft = try model.scores(TokenBatch(prompts: [text]), adapter)
    #expect(gap(Array(prefixed.suffix(soft.count)), soft) < Self.rounding)
  }

  @Test func `what acts at every position acts on a soft prompt too, folded or not`() throws {
    let model = try TinyModel.load("llama_gqa_tied")
    let soft = try adapter("prompt_tuning", ["tokens": 3], model)
    let lofit = try adapter("lofit", ["part": "scale", "deviation": 0.5], model)
    let everyToken = try Adapter(
      .init(
        method: "lofit", settings: lofit.plan.settings,
        locations: Location.list(parsing: "all.head_attention_value_output@prompt")),
      of: InterventionRegistry.standard.method("lofit"), for: model, restoring: lofit.saved(), source: "same")
    let batch = TokenBatch(prompts: [someTokens(9)])
    func scores(_ adapters: [Adapter]) throws -> [Float] {
      try withoutGradients { try model.scores(batch, AdapterRoutes(adapters).tap(for: batch)) }
    }
    let both = try scores([soft, lofit])
    #expect(try scores([lofit, soft]) == both)
    #expect(try scores([lofit]) == scores([everyToken]))
    #expect(try gap(scores([soft, everyToken]), both) > 1e-3)
  }

  // MARK: what is refused

  @Test func `two prefixes before one sequence are refused`() throws {
    let model = try TinyModel.load()
    let adapters = [try adapter("prompt_tuning", [:], model), try adapter("prefix_tuning", [:], model)]
    expect(AdapterError.twoPrefixes(methods: ["prompt_tuning", "prefix_tuning"])) { _ = try AdapterRoutes(adapters) }
    _ = try AdapterRoutes([[AdapterUse(adapters[0])], [AdapterUse(adapters[1])]])
  }

  @Test(arguments: [
    ("prefix_tuning", "all.key", "key and value of the same layers, each once"),
    ("prefix_tuning", "all.key;0..1.value", "key and value of the same layers, each once"),
    ("prefix_tuning", "all.block_output", "key and value of the same layers, each once"),
    ("prompt_tuning", "all.block_input", "0.block_input, where the layers begin, and nowhere else"),
  ])
  func `places where nothing can stand before a text are refused`(method: String, places: String, expected: String)
    throws
  {
    let model = try TinyModel.load()
    let error = try thrown(AdapterError.self) {
      _ = try Adapter(
        .init(method: method, settings: [:], locations: Location.list(parsing: places)),
        of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 1))
    }
    #expect(error.description.contains(expected))
  }

  @Test func `positions, encoders and folds are refused`() throws {
    let model = try TinyModel.load()
    let positions = try thrown(AdapterError.self) {
      _ = try Adapter(
        .init(method: "prompt_tuning", settings: [:], locations: Location.list(parsing: "0.block_input@l1")),
        of: InterventionRegistry.standard.method("prompt_tuning"), for: model, using: RandomSource(seed: 1))
    }
    #expect(positions.description.contains("stand before the whole sequence"))
    let read = try thrown(AdapterError.self) {
      _ = try Adapter(
        .init(method: "prompt_tuning", settings: [:], locations: Location.list(parsing: "0.block_input@l1")),
        of: InterventionRegistry.standard.method("prompt_tuning"), for: model,
        restoring: adapter("prompt_tuning", [:], model).saved(), source: "file")
    }
    #expect(read == positions)
    let bert = try TinyModel.load("bert")
    let encoder = try thrown(AdapterError.self) { _ = try adapter("prompt_tuning", [:], bert) }
    #expect(encoder.description.contains("decoders"))
    for method in ["prompt_tuning", "prefix_tuning"] {
      let adapter = try adapter(method, [:], model)
      expect(
        AdapterError.notMergeable(method: method, reason: "what it puts before the text is no weight")
      ) { _ = try Merge(folding: adapter, into: model) }
    }
  }

  private static let misfits: [(method: String, settings: JSONObject, expected: String)] = [
    ("prompt_tuning", ["tokens": 0], "above zero"), ("prompt_tuning", ["start": "text"], "the token ids"),
    ("prompt_tuning", ["start": "random", "start_tokens": [3]], "none"),
    ("prompt_tuning", ["start_tokens": [3, "a"]], "whole numbers"),
    ("prompt_tuning", ["start_tokens": [97]], "ids below 97"), ("prefix_tuning", ["width": 0], "above zero"),
  ]

  @Test(arguments: misfits)
  func `settings that do not fit are one error`(method: String, settings: JSONObject, expected: String) throws {
    let model = try TinyModel.load()
    let error = try thrown(AdapterError.self) { _ = try adapter(method, settings, model) }
    #expect(error.description.contains(expected))
  }
}
