import LanguageModels
import Tensors
import Testing
import TextGeneration
import Tokenization
import _TestSupport

/// What texts have in common is computed once, and is what each of them alone would give.
@Suite(.engineAlone) struct SharedPrefixTests {
  /// Sums in another order: measured 5e-6 at most.
  private static let rounding = 2e-5

  /// Texts that begin alike in every way: a primer, questions behind it, answers that share their beginning, one text that is
  /// the beginning of another, twice the same, other ends of the prompt in the same text, and empty prompts.
  private static func requests(seed: Int) -> [ScoringRequest] {
    var state = UInt64(seed) &+ 1
    func below(_ n: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % n
    }
    func word(_ longest: Int) -> String { String((0...below(longest)).map { _ in "abc ".randomElement(below) }) }
    let primers = [word(20), word(4), ""]
    var requests: [ScoringRequest] = []
    for _ in 0..<5 {
      let prompt = primers[below(3)] + word(6)
      for _ in 0...below(4) { requests.append(.init(prompt: prompt, completion: word(8))) }
    }
    let all = requests
    for request in all.prefix(4) {
      let text = request.prompt + request.completion
      let cut = text.index(text.startIndex, offsetBy: below(text.count))
      requests.append(.init(prompt: String(text[..<cut]), completion: String(text[cut...])))
      requests.append(.init(prompt: request.prompt, completion: String(request.completion.prefix(1))))
    }
    return requests + [requests[0], .init(prompt: "", completion: "a"), .init(prompt: "", completion: word(9))]
  }

  /// Ids and number of prompt tokens.
  private static func tokens(_ request: ScoringRequest) throws -> (ids: [Int32], boundary: Int) {
    (try TinyTokenizer.make().encode(request.prompt + request.completion).ids, 1 + request.prompt.count)
  }

  /// Log-probabilities from the whole logits of one text.
  private static func alone(
    _ request: ScoringRequest, _ model: any LanguageModel, _ edits: Edits
  ) throws -> [Double] {
    let (ids, boundary) = try tokens(request)
    let batch = TokenBatch([.init(tokens: ids.dropLast(), promptLength: boundary)])
    let logits = try withoutGradients {
      try model.logits(model.hidden(batch, cache: nil, tap: edits(batch))).logSoftmax(along: 1).values(as: Double.self)
    }
    return (boundary..<ids.count).map { logits[($0 - 1) * model.shape.vocabulary + Int(ids[$0])] }
  }

  /// The largest difference of the scores from those of each text alone, and the rows that were computed.
  private static func compare(
    _ requests: [ScoringRequest], _ model: any LanguageModel, budget: Int, _ edits: Edits = noEdits
  ) throws -> (gap: Double, rows: Int) {
    let recorder = Recorder()
    let scores = try Scorer(model, TinyTokenizer.make(), limits: BatchLimits(tokens: budget)).scores(requests) {
      batch throws(TensorError) in
      var tap = try edits(batch)
      tap.place(recorder, at: Site(layer: 0, component: .blockInput), on: .all)
      return tap
    }
    var gap = 0.0
    for (score, request) in zip(scores, requests) {
      let reference = try alone(request, model, edits)
      #expect(score.tokenLogprobs.count == reference.count)
      for (a, b) in zip(score.tokenLogprobs, reference) { gap = max(gap, abs(a - b)) }
    }
    return (gap, recorder.activations.reduce(0) { $0 + $1.size(0) })
  }

  @Test(arguments: TinyModel.decoders)
  func `a tree gives what each text alone gives, and computes each of its rows once`(name: String) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      for seed in 0..<2 {
        let requests = Self.requests(seed: seed)
        let texts = try requests.map { try Self.tokens($0).ids.dropLast() }
        let rows = Set(texts.flatMap { text in text.indices.map { Array(text[...$0]) } }).count
        let separate = texts.reduce(0) { $0 + $1.count }
        #expect(rows < separate / 2)
        for budget in seed == 0 ? [2048, 17] : [5, 1] {
          let found = try Self.compare(requests, model, budget: budget)
          #expect(found.gap < Self.rounding, "seed \(seed), \(budget) rows a pass")
          // Where rows turn by the length of the whole text, long ones are read by themselves.
          if model.cacheLimit == nil { #expect(found.rows == rows) } else { #expect(found.rows < separate) }
        }
      }
    }
  }

  @Test(arguments: ["llama_gqa_tied", "gemma2", "gpt2"], [2048, 9])
  func `edited texts share what is edited alike and nothing else`(name: String, budget: Int) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      let edit = try ShiftEdit(width: model.shape.hidden, seed: 5, strength: 0.3)
      let requests = Self.requests(seed: 1)
      let edits: [(Edits, (Int, Int) -> Bool)] = [
        (
          { batch throws(TensorError) in try edit.onPromptEnds(of: batch, layers: 1) },
          { $0 < $1 && ($0 < 2 || $0 >= $1 - 2) }
        ),
        ({ batch throws(TensorError) in try edit.onGenerated(of: batch, layers: 2) }, { $0 >= $1 }),
      ]
      let plain = try requests.map { try Self.alone($0, model, noEdits) }
      for (edits, isEdited) in edits {
        let found = try Self.compare(requests, model, budget: budget, edits)
        #expect(found.gap < Self.rounding)
        var rows: Set<[Int32]> = []
        for request in requests {
          let (ids, n) = try Self.tokens(request)
          let keys = ids.dropLast().enumerated().map { isEdited($0, n) ? -1 - $1 : $1 }
          for end in keys.indices { rows.insert(Array(keys[...end])) }
        }
        #expect(found.rows == rows.count)
        #expect(try zip(requests, plain).contains { try Self.alone($0, model, edits) != $1 })
      }
    }
  }

  @Test func `rows that see another's ancestors give something else`() throws {
    let model = try TinyModel.load()
    func hidden(behind parent: Int) throws -> [Float] {
      var last = TokenBatch.Sequence(tokens: [9, 8], start: 4)
      last.parent = parent
      let batch = TokenBatch([.init(tokens: [2, 3, 4, 5]), .init(tokens: [6, 7, 4, 5]), last])
      let states = try withoutGradients {
        try model.hidden(batch, along: TextPath(layers: model.shape.layers), tap: .none)
      }
      return try states.narrowed(0, 8..<10).values()
    }
    let whole = try model.hidden(TokenBatch(prompts: [[2, 3, 4, 5, 9, 8]]), cache: nil, tap: .none)
    let expected: [Float] = try whole.narrowed(0, 4..<6).values()
    func gap(_ a: [Float]) -> Float { zip(a, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } }
    #expect(try gap(hidden(behind: 0)) < 1e-5)
    #expect(try gap(hidden(behind: 1)) > 1e-2)
  }
}

extension String {
  fileprivate func randomElement(_ below: (Int) -> Int) -> Character {
    self[index(startIndex, offsetBy: below(count))]
  }
}
