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
/// Every sequence grows by one token a pass with its keys and values kept. Where one has ended, the next prompt takes its place and
/// is read in the same pass in which the others grow, so that the weights are read once for both; a long prompt takes several
/// passes. A batch gives what single runs give.
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

      while !waiting.isEmpty || !rows.isEmpty {
        let (pieces, hidden) = try advance(&rows, &waiting, cache, requests, options, stop, edits)
        let read = rows.indices.filter { pieces[$0].start + pieces[$0].tokens.count == rows[$0].length }
        try choose(for: read, of: &rows, from: hidden, options, requests, onText)
        for row in rows where row.finish != nil {
          finished[row.index] = row.generation
          try onFinish(row.index, row.generation)
        }
        let staying = rows.indices.filter { rows[$0].finish == nil }
        if staying.count < rows.count {
          cache.keep(staying)
          rows = staying.map { rows[$0] }
        }
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

  /// One pass: feeds every row what the cache does not hold of it, and gives free places to waiting prompts.
  ///
  /// - Returns: what was fed of each row, and the hidden states of the last of it, `[rows, d]`.
  private func advance(
    _ rows: inout [GeneratingRow], _ waiting: inout ArraySlice<Int>, _ cache: KVCache, _ requests: [GenerationRequest],
    _ options: SamplingOptions, _ stop: StopConditions, _ edits: Edits
  ) throws(TensorError) -> (pieces: [TokenBatch.Sequence], hidden: Tensor) {
    if let limit = model.cacheLimit {
      for (i, row) in rows.enumerated() where row.hasBegun && row.length == limit + 1 { cache.empty(i) }
    }
    // At most one row, the last, is not read to the end of its prompt: whoever takes the last room.
    var room = limits.tokens
    var pieces = zip(rows, cache.lengths).map { $0.piece(from: $1, room: &room) }
    while room > 0, rows.count < limits.sequences, let next = waiting.popFirst() {
      let row = row(requests[next], next, options, stop)
      // Room for a usual answer at once; the stores grow by doubling where it is longer.
      cache.add(capacity: row.prompt.count + min(stop.maximumNewTokens, 256))
      pieces.append(row.piece(from: 0, room: &room))
      rows.append(row)
    }
    let batch = TokenBatch(pieces)
    let asked = batch.rowCount == rows.count ? batch : TokenBatch(pieces, asking: batch.lastRows)
    return (pieces, try model.hidden(asked, cache: cache, tap: edits(asked)))
  }

  /// Chooses the next token of the rows that are read, of all from whose hidden states `[rows, d]`.
  private func choose(
    for read: [Int], of rows: inout [GeneratingRow], from hidden: Tensor, _ options: SamplingOptions,
    _ requests: [GenerationRequest], _ onText: (Int, String) throws -> Void
  ) throws {
    guard let first = read.first else { return }
    guard try hidden.isFinite() else {
      throw GenerationError.notFinite(place: Self.place(of: requests[rows[first].index], rows[first].index))
    }
    let states =
      try read.count == rows.count ? hidden : hidden.selected(Tensor(read.map(Int64.init), on: model.device))
    let logits = try model.logits(states)
    if options.stages.isEmpty, options.isGreedy {
      let chosen = try logits.argmax(along: 1).values(as: Int32.self)
      for (token, i) in zip(chosen, read) { try take(token, &rows[i], onText) }
    } else {
      for (scores, i) in read.enumerated() {
        let token = rows[i].choose(from: try logits.narrowed(0, scores..<scores + 1).values(as: Float.self))
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
