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
public struct Scorer {
  private let model: any LanguageModel
  private let tokenizer: Tokenizer
  private let limits: BatchLimits

  /// Rows of the vocabulary projection at a time: 64 x 49,152 scores are 13 MB.
  private static let projectedRows = 64

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
  ///   - edits: asked for the tap of every forward pass.
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

    var scores = [CompletionScore?](repeating: nil, count: texts.count)
    var done = 0
    let lengths = texts.map(\.fed.count)
    for indices in limits.batches(lengths: lengths, of: BatchLimits.longestFirst(lengths)) {
      let logprobs = try withoutGradients { try self.logprobs(of: indices.map { texts[$0] }, edits) }
      for (index, logprobs) in zip(indices, logprobs) {
        guard logprobs.allSatisfy(\.isFinite) else {
          throw GenerationError.notFinite(place: requests[index].place ?? "line \(index + 1)")
        }
        scores[index] = CompletionScore(tokens: Array(texts[index].completion), tokenLogprobs: logprobs)
      }
      done += indices.count
      try progress(done)
    }
    return scores.compactMap { $0 }
  }

  /// Log-probabilities of the completion's tokens, for each text of one packed batch.
  private func logprobs(of texts: [ScoredText], _ edits: Edits) throws(TensorError) -> [[Double]] {
    let batch = TokenBatch(
      texts.map { TokenBatch.Sequence(tokens: $0.fed, promptLength: $0.boundary, route: $0.route) })
    let hidden = try model.hidden(batch, cache: nil, tap: edits(batch))
    // The row before a token predicts it.
    let rows = zip(texts, batch.rows).flatMap { text, rows in
      text.completion.indices.map { Int64(rows.lowerBound + $0 - 1) }
    }
    let targets = texts.flatMap { $0.completion.map(Int64.init) }
    var logprobs: [Double] = []
    for start in stride(from: 0, to: rows.count, by: Self.projectedRows) {
      let chunk = start..<min(start + Self.projectedRows, rows.count)
      let states = try hidden.selected(Tensor(Array(rows[chunk]), on: model.device))
      let index = try Tensor(Array(targets[chunk]), shape: [chunk.count, 1], on: model.device)
      logprobs += try model.logits(states).logSoftmax(along: 1).gathered(index, along: 1).values(as: Double.self)
    }
    var taken = 0
    return texts.map { text in
      defer { taken += text.completion.count }
      return Array(logprobs[taken..<taken + text.completion.count])
    }
  }
}
