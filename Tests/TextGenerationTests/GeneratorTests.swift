import Diagnostics
import LanguageModels
import Tensors
import Testing
import TextGeneration
import Tokenization
import _TestSupport

@Suite(.engineAlone) struct GeneratorTests {
  static let prompts: [[Int32]] = [
    [5, 9, 31, 4], [88], [7, 7, 12, 60, 33, 2, 19, 45, 71], [3, 50], [90, 11, 6, 28, 64],
  ]
  static let lengths = StopConditions(endTokens: [], maximumNewTokens: 12)

  /// The answer without a cache: the whole sequence again for every token.
  static func recomputed(
    _ prompt: [Int32], _ count: Int, _ model: any LanguageModel, edits: Edits = noEdits
  ) throws -> [Int32] {
    var tokens = prompt
    try withoutGradients {
      for _ in 0..<count {
        let batch = TokenBatch([.init(tokens: tokens, promptLength: prompt.count)])
        let hidden = try model.hidden(batch, cache: nil, tap: edits(batch))
        let last = try model.logits(hidden.narrowed(0, tokens.count - 1..<tokens.count))
        tokens.append(try last.argmax(along: 1).values(as: Int32.self)[0])
      }
    }
    return Array(tokens[prompt.count...])
  }

  private func generated(
    _ model: any LanguageModel, _ prompts: [[Int32]], _ options: SamplingOptions = .greedy,
    until stop: StopConditions = lengths, limits: BatchLimits = BatchLimits(), steps: DecodingSteps? = nil,
    edits: Edits = noEdits
  ) throws -> [[Int32]] {
    let generator = Generator(model, try TinyTokenizer.make(), limits: limits, steps: steps)
    return try generator.generate(
      prompts.map { GenerationRequest(tokens: $0) }, options, until: stop, edits: edits
    ).map(\.tokens)
  }

  @Test(arguments: TinyModel.decoders)
  func `a batch gives what recomputing every step of each prompt gives`(name: String) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      let expected = try Self.prompts.map { try Self.recomputed($0, 12, model) }
      #expect(try generated(model, Self.prompts) == expected)
      #expect(try generated(model, Self.prompts, steps: .slots) == expected)
      #expect(Set(expected.flatMap { $0 }).count > 4)  // else everything would be equal to everything
    }
  }

  @Test(arguments: [
    BatchLimits(tokens: 1, sequences: 1), BatchLimits(tokens: 3, sequences: 2), BatchLimits(tokens: 4, sequences: 8),
    BatchLimits(tokens: 7, sequences: 3),
  ])
  func `prompts in pieces and in small groups give the same`(limits: BatchLimits) throws {
    let model = try TinyModel.load()
    #expect(try generated(model, Self.prompts, limits: limits) == generated(model, Self.prompts))
  }

  /// Eleven prompts of one to 23 tokens whose answers end at different times.
  private static let crowd: [[Int32]] =
    prompts
    + [1, 23, 2, 14, 6, 3].enumerated().map { seed, count in
      (0..<count).map { Int32(($0 * 31 + seed * 17 + 5) % 97) }
    }

  /// Tokens that end some of the crowd's answers early, and what each prompt alone gives with them.
  private func ends(_ model: any LanguageModel) throws -> (stop: StopConditions, alone: [[Int32]]) {
    let free = try Self.crowd.map { try Self.recomputed($0, 12, model) }
    let stop = StopConditions(endTokens: [free[1][1], free[3][4], free[7][7]], maximumNewTokens: 12)
    return (stop, free.map { Array($0.prefix { !stop.endTokens.contains($0) }) })
  }

  @Test(arguments: TinyModel.decoders)
  func `prompts that take free places one by one are continued as each alone`(name: String) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      let (stop, alone) = try ends(model)
      for limits in [BatchLimits(tokens: 5, sequences: 3), BatchLimits(tokens: 64, sequences: 4)] {
        #expect(try generated(model, Self.crowd, until: stop, limits: limits) == alone)
        #expect(try generated(model, Self.crowd, until: stop, limits: limits, steps: .slots) == alone)
      }
    }
  }

  @Test(arguments: [(5, 3), (64, 4), (2, 11)])
  func `no place is free while prompts wait, and no pass reads more of prompts than it may`(
    tokens: Int, sequences: Int
  ) throws {
    let model = try TinyModel.load()
    let (stop, alone) = try ends(model)
    #expect(Set(alone.map(\.count)).count > 3)  // else all would leave at once
    var passes: [TokenBatch] = []
    var finished: [Int] = []
    _ = try Generator(model, TinyTokenizer.make(), limits: BatchLimits(tokens: tokens, sequences: sequences)).generate(
      Self.crowd.map { GenerationRequest(tokens: $0) }, until: stop,
      edits: { batch throws(TensorError) in
        passes.append(batch)
        return .none
      }, onFinish: { index, _ in finished.append(index) })
    func read(_ batch: TokenBatch) -> Int {
      batch.sequences.reduce(0) { $0 + max(0, min($1.promptLength, $1.start + $1.tokens.count) - $1.start) }
    }
    var left = Self.crowd.reduce(0) { $0 + $1.count }
    for batch in passes {
      #expect(batch.sequences.count <= sequences && read(batch) <= tokens)
      left -= read(batch)
      // Places stay free only where the pass is full, or nobody waits.
      #expect(batch.sequences.count == sequences || read(batch) == tokens || left == 0)
    }
    #expect(left == 0)
    // Some pass reads prompts beside answers that go on, and none reads a token twice.
    #expect(passes.contains { 0 < read($0) && $0.sequences.contains { $0.start >= $0.promptLength } })
    let ended = alone.map { $0.count < 12 }.count(where: { $0 })
    #expect(
      passes.reduce(0) { $0 + $1.rowCount }
        == Self.crowd.reduce(0) { $0 + $1.count } + alone.reduce(0) { $0 + $1.count } - (alone.count - ended))
    #expect(finished.sorted() == Array(Self.crowd.indices) && finished != finished.sorted())
  }

  @Test func `edits of prompt and of generated positions act as without a cache`() throws {
    try withoutLeaks {
      let model = try TinyModel.load()
      let edit = try ShiftEdit(width: model.shape.hidden, seed: 8, strength: 0.5)
      let layers = model.shape.layers
      let edits: Edits = { batch throws(TensorError) in
        try edit.onPromptEnds(of: batch, layers: layers).followed(by: edit.onGenerated(of: batch, layers: layers))
      }
      let expected = try Self.prompts.map { try Self.recomputed($0, 12, model, edits: edits) }
      #expect(try generated(model, Self.prompts, edits: edits) == expected)
      #expect(try generated(model, Self.prompts, limits: .init(tokens: 3, sequences: 2), edits: edits) == expected)
      #expect(try generated(model, Self.prompts, steps: .slots, edits: edits) == expected)
      #expect(try generated(model, Self.prompts) != expected)
    }
  }

  @Test func `a batch draws what single runs with its rows' seeds draw`() throws {
    let model = try TinyModel.load()
    let options = try SamplingOptions(temperature: 1.2, topK: 40, topP: 0.95, repetitionPenalty: 1.1, seed: 100)
    let batch = try generated(model, Self.prompts, options)
    for (i, prompt) in Self.prompts.enumerated() {
      var single = options
      single.seed += UInt64(i)
      #expect(try generated(model, [prompt], single) == [batch[i]])
    }
    #expect(try generated(model, Self.prompts, options) == batch)
    #expect(try generated(model, Self.prompts, options, steps: .slots) == batch)
    var other = options
    other.seed = 7
    #expect(try generated(model, Self.prompts, other) != batch)
  }

  @Test func `an end token ends its row alone and is no part of the answer`() throws {
    let model = try TinyModel.load()
    let free = try generated(model, Self.prompts)
    let end = try #require(free[2].dropFirst(2).first { !free[2].prefix(2).contains($0) })
    let cut = try generated(model, Self.prompts, until: .init(endTokens: [end], maximumNewTokens: 12))
    for (cut, free) in zip(cut, free) {
      #expect(cut == Array(free.prefix { $0 != end }))
    }
    #expect(cut[2].count < 12)
  }

  @Test func `pieces streamed put together are the text, and stop strings may straddle tokens`() throws {
    let model = try TinyModel.load()
    let tokenizer = try TinyTokenizer.make()
    let generator = Generator(model, tokenizer)
    let requests = Self.prompts.map { GenerationRequest(tokens: $0) }
    let free = try generator.generate(requests, until: Self.lengths)
    #expect(free[0].text == tokenizer.decode(free[0].tokens, skipSpecialTokens: true))
    #expect(free.allSatisfy { $0.finish == .length && $0.tokens.count == 12 })
    let stop = String(free[0].text.dropFirst(3).prefix(3))
    try #require(stop.count == 3)

    var streamed = [String](repeating: "", count: requests.count)
    var finished: [Int] = []
    let cut = try generator.generate(
      requests, until: .init(endTokens: [], maximumNewTokens: 12, strings: [stop]),
      onText: { streamed[$0] += $1 }, onFinish: { index, _ in finished.append(index) })
    #expect(cut.map(\.text) == streamed)
    #expect(finished.sorted() == Array(requests.indices))
    let expected = free[0].text.firstRange(of: stop).map { String(free[0].text[..<$0.lowerBound]) }
    #expect(cut[0].text == expected)
    #expect(cut[0].finish == .stopString)
  }

  @Test func `a prompt that fills the context is an error before anything is computed`() throws {
    let model = try TinyModel.load()
    let context = model.shape.contextLength
    let long = [Int32](repeating: 5, count: context)
    let generator = Generator(model, try TinyTokenizer.make())
    let untouched: Edits = { _ throws(TensorError) in
      Issue.record("a forward pass ran")
      return .none
    }
    let error = try #require(throws: DiagnosticGroup.self) {
      _ = try generator.generate(
        [
          .init(tokens: [4]), .init(tokens: long, place: "prompts.jsonl, line 2"), .init(tokens: []),
          .init(tokens: [97]),
        ],
        until: Self.lengths, edits: untouched)
    }
    let found = error.items.compactMap { $0 as? GenerationError }
    #expect(
      found == [
        .promptTooLong(place: "prompts.jsonl, line 2", tokens: context, context: context),
        .emptyPrompt(place: "prompt 3"), .tokenOutOfRange(place: "prompt 4", token: 97, vocabulary: 97),
      ])
    #expect(found[0].remedy?.contains("by at least 1 tokens") == true)
  }

  @Test func `generation ends where the context is full`() throws {
    let model = try TinyModel.load()
    let context = model.shape.contextLength
    let prompt = (0..<context - 3).map { Int32($0 % 90 + 2) }
    let generator = Generator(model, try TinyTokenizer.make())
    let result = try generator.generate([.init(tokens: prompt)], until: Self.lengths)[0]
    #expect(result.tokens.count == 3)
    #expect(result.finish == .context)
  }

  @Test func `numbers that are not finite stop the generation with a remedy`() throws {
    let model = try TinyModel.load()
    let edit = try ShiftEdit(width: model.shape.hidden, seed: 1, strength: .infinity)
    let error = try #require(throws: GenerationError.self) {
      _ = try generated(model, [[4, 5]]) { batch throws(TensorError) in
        try edit.onPromptEnds(of: batch, layers: 1)
      }
    }
    #expect(error == .notFinite(place: "prompt 1"))
  }

  @Test func `wrong stop conditions are errors`() throws {
    let model = try TinyModel.load()
    let error = try #require(throws: DiagnosticGroup.self) {
      _ = try generated(model, [[4]], until: .init(endTokens: [], maximumNewTokens: 0, strings: [""]))
    }
    #expect(error.description.contains("--max-new-tokens"))
    #expect(error.description.contains("--stop"))
  }
}
