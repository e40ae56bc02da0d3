import Diagnostics
public import LanguageModels
public import Tensors
public import Tokenization

/// A prompt and one continuation of it.
public struct ScoringRequest: Sendable, Equatable {
  /// What stands before the completion; may be empty where the tokenizer adds a begin-of-text token.
  public var prompt: String
  /// What is scored, a leading space included; not empty.
  public var completion: String
  /// Its way through the edits: ``LanguageModels/TokenBatch/Sequence/route``.
  public var route = 0
  /// What errors call it; `nil` for `line 1` and so on.
  public var place: String?

  /// A request; it is checked when it is scored.
  public init(prompt: String, completion: String, place: String? = nil) {
    self.prompt = prompt
    self.completion = completion
    self.place = place
  }
}

/// How likely a model finds a completion.
public struct CompletionScore: Sendable, Equatable {
  /// The tokens of the completion.
  public let tokens: [Int32]
  /// Natural logarithm of each token's probability given all before it.
  public let tokenLogprobs: [Double]
  /// Their sum.
  public var logprob: Double { tokenLogprobs.reduce(0, +) }

  /// A score from its parts: as many logarithms as tokens.
  public init(tokens: [Int32], tokenLogprobs: [Double]) {
    self.tokens = tokens
    self.tokenLogprobs = tokenLogprobs
  }
}

/// Log-probabilities of completions given their prompts.
///
/// What texts have in common is computed once: a primer for all, a question for all its answers, and the beginning of answers that
/// begin alike (``TextTree``).
public struct Scorer {
  private let model: any LanguageModel
  private let tokenizer: Tokenizer
  private let limits: BatchLimits

  /// A scorer for one model; the edits come with each call.
  public init(_ model: any LanguageModel, _ tokenizer: Tokenizer, limits: BatchLimits = BatchLimits()) {
    self.model = model
    self.tokenizer = tokenizer
    self.limits = limits
  }

  /// Scores completions.
  ///
  /// Prompt and completion are tokenized as one text, as the model would read them. The completion begins with the first token
  /// that reaches beyond the prompt's last byte; where a token straddles the boundary it counts as completion.
  ///
  /// - Parameters:
  ///   - addSpecialTokens: whether the tokenizer puts its begin-of-text token first. An end-of-text token that it adds is not scored.
  ///   - edits: asked for the tap of every forward pass, and once before for the rows that it treats alike.
  ///   - progress: called with the number of requests done so far.
  /// - Returns: one for each request, in their order.
  /// - Throws: every problem of the requests at once, before anything is computed.
  public func scores(
    _ requests: [ScoringRequest], addSpecialTokens: Bool = true, edits: Edits = noEdits,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> [CompletionScore] {
    try model.checkContinuesTexts()
    var problems: [GenerationError] = []
    var texts: [ScoredText] = []
    for (i, request) in requests.enumerated() {
      let text = ScoredText(request, tokenizer, addSpecialTokens: addSpecialTokens)
      if let problem = text.problem(at: request.place ?? "line \(i + 1)", for: model) { problems.append(problem) }
      texts.append(text)
    }
    if let group = DiagnosticGroup(problems) { throw group }

    var logprobs = texts.map { [Double](repeating: .nan, count: $0.completion.count) }
    var done = 0
    func take(_ found: [(prediction: Prediction, logprob: Double)]) throws {
      for (prediction, logprob) in found {
        guard logprob.isFinite else {
          throw GenerationError.notFinite(
            place: requests[prediction.text].place ?? "line \(prediction.text + 1)")
        }
        logprobs[prediction.text][prediction.place] = logprob
        if prediction.place == logprobs[prediction.text].count - 1 { done += 1 }
      }
      try progress(done)
    }
    try withoutGradients {
      let treatments = try Treatments(of: texts, edits)
      let isLong = texts.map { text in
        model.cacheLimit.map { text.fed.count + treatments.prefixLength(of: text) > $0 } ?? false
      }
      try readTree(of: texts.indices.filter { !isLong[$0] }, texts, treatments, edits, take)
      try readAlone(texts.indices.filter { isLong[$0] }, texts, edits, take)
    }
    return zip(texts, logprobs).map { CompletionScore(tokens: Array($0.completion), tokenLogprobs: $1) }
  }

  /// Reads texts as one tree, so many rows at a time.
  private func readTree(
    of chosen: [Int], _ texts: [ScoredText], _ treatments: Treatments, _ edits: Edits,
    _ take: ([(prediction: Prediction, logprob: Double)]) throws -> Void
  ) throws {
    let tree = TextTree(chosen.map { treatments.keys(of: texts[$0]) })
    var predictions = zip(chosen.indices, chosen).flatMap { member, text in
      texts[text].predictions(of: text) { tree.row(of: member, at: $0) }
    }
    predictions.sort { $0.row < $1.row }
    var waiting = predictions[...]
    let path = TextPath(layers: model.shape.layers)
    for start in stride(from: 0, to: tree.rowCount, by: limits.tokens) {
      let run = start..<min(start + limits.tokens, tree.rowCount)
      let here = waiting.prefix { $0.row < run.upperBound }
      waiting = waiting.dropFirst(here.count)
      // Rows that predict nothing are read for those behind them alone.
      let asked = here.isEmpty ? [start] : here.rows
      let batch = TokenBatch(
        tree.pieces(of: run).map { piece in
          let text = texts[chosen[piece.text]]
          var sequence = TokenBatch.Sequence(
            tokens: Array(text.tokens[piece.positions]), start: piece.positions.lowerBound,
            promptLength: text.boundary, route: text.route)
          sequence.parent = piece.parent
          return sequence
        }, asking: asked.map { $0 - start })
      let next = tree.path(to: run.upperBound, within: run)
      path.turn(at: next.depth, to: next.rows.map { $0.lowerBound - start..<$0.upperBound - start })
      let hidden = try model.hidden(batch, along: path, tap: edits(batch))
      try take(model.logprobs(of: Array(here), in: hidden))
    }
  }

  /// Reads every text by itself, many in one packed pass.
  private func readAlone(
    _ chosen: [Int], _ texts: [ScoredText], _ edits: Edits,
    _ take: ([(prediction: Prediction, logprob: Double)]) throws -> Void
  ) throws {
    let lengths = texts.map(\.fed.count)
    let longestFirst = chosen.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
    for members in limits.batches(lengths: lengths, of: longestFirst) {
      let whole = members.map {
        TokenBatch.Sequence(tokens: texts[$0].fed, promptLength: texts[$0].boundary, route: texts[$0].route)
      }
      let predictions = zip(members, TokenBatch(whole).rows).flatMap { text, rows in
        texts[text].predictions(of: text) { rows.lowerBound + $0 }
      }
      let batch = TokenBatch(whole, asking: predictions.rows)
      let hidden = try model.hidden(batch, cache: nil, tap: edits(batch))
      try take(model.logprobs(of: predictions, in: hidden))
    }
  }
}
