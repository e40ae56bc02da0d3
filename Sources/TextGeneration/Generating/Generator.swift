import Diagnostics
public import LanguageModels
public import Tensors
public import Tokenization

/// The edits of one forward pass, by its batch: `adapter.tap(for:)` or ``noEdits(_:)``.
public typealias Edits = (TokenBatch) throws(TensorError) -> Tap

/// The edits of the model as it is.
public func noEdits(_ batch: TokenBatch) throws(TensorError) -> Tap { .none }

/// Continues prompts, many side by side.
///
/// Prompts are read in packed batches, then every sequence grows by one token a step with its keys and values kept. What has
/// ended leaves, and waiting prompts move up. A batch gives what single runs give.
public struct Generator {
  let model: any LanguageModel
  let tokenizer: Tokenizer
  let limits: BatchLimits

  /// A generator for one model; the edits come with each call.
  public init(_ model: any LanguageModel, _ tokenizer: Tokenizer, limits: BatchLimits = BatchLimits()) {
    self.model = model
    self.tokenizer = tokenizer
    self.limits = limits
  }

  /// Continues texts.
  public func generate(
    _ prompts: [String], _ options: SamplingOptions = .greedy, until stop: StopConditions,
    edits: Edits = noEdits, onText: (Int, String) throws -> Void = { _, _ in },
    onFinish: (Int, Generation) throws -> Void = { _, _ in }
  ) throws -> [Generation] {
    try generate(
      prompts.map { GenerationRequest(tokens: tokenizer.encode($0).ids) }, options, until: stop, edits: edits,
      onText: onText, onFinish: onFinish)
  }

  /// Continues token sequences.
  ///
  /// - Parameters:
  ///   - edits: asked for the tap of every forward pass.
  ///   - onText: called with a row's index and its next piece of text as soon as that is certain.
  ///   - onFinish: called with a row's index when it ends; what it throws ends the whole generation.
  /// - Returns: one for each request, in their order.
  /// - Throws: every problem of options and prompts at once, before anything is computed.
  public func generate(
    _ requests: [GenerationRequest], _ options: SamplingOptions = .greedy, until stop: StopConditions,
    edits: Edits = noEdits, onText: (Int, String) throws -> Void = { _, _ in },
    onFinish: (Int, Generation) throws -> Void = { _, _ in }
  ) throws -> [Generation] {
    try model.checkContinuesTexts()
    try options.validate()
    if let group = DiagnosticGroup(stop.problems + requests.indices.flatMap { problems(of: requests[$0], $0) }) {
      throw group
    }
    var finished = [Generation?](repeating: nil, count: requests.count)
    try withoutGradients {
      var waiting = BatchLimits.longestFirst(requests.map(\.tokens.count))[...]
      var rows: [GeneratingRow] = []
      let cache = KVCache(sequences: 0, layers: model.shape.layers)

      func leave() throws {
        for row in rows where row.finish != nil {
          finished[row.index] = row.generation
          try onFinish(row.index, row.generation)
        }
        let staying = rows.indices.filter { rows[$0].finish == nil }
        guard staying.count < rows.count else { return }
        cache.keep(staying)
        rows = staying.map { rows[$0] }
      }

      while !waiting.isEmpty || !rows.isEmpty {
        // Prompts move up many at a time: a packed batch of them is far cheaper than one by one.
        if !waiting.isEmpty, rows.count <= limits.sequences / 2 {
          let admitted = Array(waiting.prefix(limits.sequences - rows.count))
          waiting = waiting.dropFirst(admitted.count)
          for batch in limits.batches(lengths: requests.map(\.tokens.count), of: admitted) {
            var fresh = batch.map { row(requests[$0], $0, options, stop) }
            let (hidden, read) = try prefill(fresh, stop, edits)
            try choose(&fresh, from: hidden, options, requests, onText)
            cache.append(read)
            rows += fresh
          }
        } else {
          let hidden = try step(rows, cache, edits)
          try choose(&rows, from: hidden, options, requests, onText)
        }
        try leave()
      }
    }
    return finished.compactMap { $0 }
  }

  private func problems(of request: GenerationRequest, _ index: Int) -> [GenerationError] {
    let place = Self.place(of: request, index)
    if request.tokens.isEmpty { return [.emptyPrompt(place: place)] }
    if request.tokens.count >= model.shape.contextLength {
      return [.promptTooLong(place: place, tokens: request.tokens.count, context: model.shape.contextLength)]
    }
    return model.problem(of: request.tokens, at: place).map { [$0] } ?? []
  }

  private static func place(of request: GenerationRequest, _ index: Int) -> String {
    request.place ?? "prompt \(index + 1)"
  }

  private func row(
    _ request: GenerationRequest, _ index: Int, _ options: SamplingOptions, _ stop: StopConditions
  ) -> GeneratingRow {
    let sampler = Sampler(options, seed: request.seed ?? options.seed &+ UInt64(index), prompt: request.tokens)
    return GeneratingRow(
      index: index, prompt: request.tokens, route: request.route, sampler: sampler, stop: stop, tokenizer: tokenizer,
      contextLength: model.shape.contextLength)
  }

  /// Reads prompts in one packed pass, or one long prompt in pieces.
  ///
  /// - Returns: the hidden states of the last rows, `[prompts, d]`, and the cache.
  private func prefill(
    _ rows: [GeneratingRow], _ stop: StopConditions, _ edits: Edits
  ) throws(TensorError) -> (hidden: Tensor, cache: KVCache) {
    let prompts = rows.map(\.prompt)
    let longest = prompts.map(\.count).max() ?? 0
    // Room for a usual answer at once; the stores grow by doubling where it is longer.
    let cache = KVCache(
      sequences: prompts.count, layers: model.shape.layers, capacity: longest + min(stop.maximumNewTokens, 256))
    var start = 0
    while true {
      let pieces = zip(prompts, rows).map { prompt, row in
        let end = prompts.count == 1 ? min(start + limits.tokens, prompt.count) : prompt.count
        return TokenBatch.Sequence(
          tokens: Array(prompt[start..<end]), start: start, promptLength: prompt.count, route: row.route)
      }
      let batch = TokenBatch(pieces, asking: TokenBatch(pieces).lastRows)
      let hidden = try model.hidden(batch, cache: cache, tap: edits(batch))
      start += pieces[0].tokens.count
      if prompts.count > 1 || start == longest { return (hidden, cache) }
    }
  }

  /// Feeds what the cache does not hold of each row: its last token, or all of it where the cache no longer serves;
  /// `[rows, d]`.
  private func step(_ rows: [GeneratingRow], _ cache: KVCache, _ edits: Edits) throws(TensorError) -> Tensor {
    if let limit = model.cacheLimit {
      for (i, row) in rows.enumerated() where row.length == limit + 1 { cache.empty(i) }
    }
    let batch = TokenBatch(
      zip(rows, cache.lengths).map { row, held in
        TokenBatch.Sequence(
          tokens: row.suffix(from: held), start: held, promptLength: row.prompt.count, route: row.route)
      })
    let hidden = try model.hidden(batch, cache: cache, tap: edits(batch))
    if batch.rowCount == rows.count { return hidden }
    return try hidden.selected(Tensor(batch.lastRows.map(Int64.init), on: model.device))
  }

  /// Chooses the next token of each row from its hidden state `[rows, d]`.
  private func choose(
    _ rows: inout [GeneratingRow], from hidden: Tensor, _ options: SamplingOptions, _ requests: [GenerationRequest],
    _ onText: (Int, String) throws -> Void
  ) throws {
    guard try hidden.isFinite() else {
      throw GenerationError.notFinite(place: Self.place(of: requests[rows[0].index], rows[0].index))
    }
    let logits = try model.logits(hidden)
    if options.stages.isEmpty, options.isGreedy {
      let chosen = try logits.argmax(along: 1).values(as: Int32.self)
      for i in rows.indices { try take(chosen[i], &rows[i], onText) }
    } else {
      for i in rows.indices {
        let token = rows[i].choose(from: try logits.narrowed(0, i..<i + 1).values(as: Float.self))
        try take(token, &rows[i], onText)
      }
    }
  }

  private func take(_ token: Int32, _ row: inout GeneratingRow, _ onText: (Int, String) throws -> Void) throws {
    let piece = row.accept(token)
    if !piece.isEmpty { try onText(row.index, piece) }
  }
}

extension LanguageModel {
  /// The first id that has no embedding.
  func problem(of tokens: [Int32], at place: String) -> GenerationError? {
    let vocabulary = shape.vocabulary
    return tokens.first { $0 < 0 || Int($0) >= vocabulary }.map {
      .tokenOutOfRange(place: place, token: $0, vocabulary: vocabulary)
    }
  }
}
