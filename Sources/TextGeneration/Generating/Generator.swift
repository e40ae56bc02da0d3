import Diagnostics
public import LanguageModels
public import Tensors
public import Tokenization

/// The edits of one forward pass, by its batch: `adapter.tap(for:)` or ``noEdits(_:)``.
///
/// What is done to a row follows from the batch alone: passes whose batches go the same routes and whose taps have one pattern
/// (``LanguageModels/Tap/Pattern``) may be given the tap of the first of them.
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
  let steps: DecodingSteps

  /// A generator for one model; the edits come with each call.
  ///
  /// - Parameter steps: how sequences grow; what is faster there if nothing is said. A model that does not take slots
  ///   (``LanguageModels/LanguageModel/takesSlots``) grows without.
  public init(
    _ model: any LanguageModel, _ tokenizer: Tokenizer, limits: BatchLimits = BatchLimits(), steps: DecodingSteps? = nil
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.limits = limits
    self.steps = model.takesSlots ? steps ?? DecodingSteps(for: model) : .growing
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
    func leave(_ rows: [GeneratingRow]) throws -> [Int] {
      for row in rows where row.finish != nil {
        finished[row.index] = row.generation
        try onFinish(row.index, row.generation)
      }
      return rows.indices.filter { rows[$0].finish == nil }
    }
    try withoutGradients {
      var waiting = BatchLimits.longestFirst(requests.map(\.tokens.count))[...]
      var rows: [GeneratingRow] = []
      let cache = KVCache(sequences: 0, layers: model.shape.layers)
      let slots = SlotRows(
        model, count: min(limits.sequences, requests.count), wantsBest: options.isArgmax)

      while !waiting.isEmpty || !rows.isEmpty || !slots.rows.isEmpty {
        let places = limits.sequences - slots.rows.count
        if !rows.isEmpty || !waiting.isEmpty && places > 0 {
          let pass = try advance(&rows, &waiting, places, cache, requests, options, stop, edits)
          let read = rows.indices.filter { pass.pieces[$0].start + pass.pieces[$0].tokens.count == rows[$0].length }
          try choose(for: read, of: &rows, from: pass.hidden, options, requests, onText)
          let staying = try leave(rows).filter { i in
            try pass.prefixed.contains(i) || !move(rows[i], at: i, of: cache, to: slots, stop)
          }
          if staying.count < rows.count {
            cache.keep(staying)
            rows = staying.map { rows[$0] }
          }
        }
        if !slots.rows.isEmpty {
          let (next, ofRow) = try slots.step(edits)
          try choose(Array(zip(slots.rows.indices, ofRow)), of: &slots.rows, from: next, options, requests, onText)
          slots.keep(try leave(slots.rows))
        }
      }
    }
    return finished.compactMap { $0 }
  }

  /// Gives a row whose prompt is read a slot, where it grows from then on.
  ///
  /// - Returns: whether it did: sequences may have none, and there may be no memory for it.
  private func move(
    _ row: GeneratingRow, at sequence: Int, of cache: KVCache, to slots: SlotRows, _ stop: StopConditions
  ) throws(TensorError) -> Bool {
    guard steps == .slots, row.hasBegun else { return false }
    let length = min(row.prompt.count + stop.maximumNewTokens, model.shape.contextLength)
    return try slots.take(row, at: sequence, of: cache, length: length)
  }

  /// Tokens of an answer to make room for at once; longer ones get more when they are there.
  private static let usualAnswer = 256

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
  /// - Parameter places: rows that there may be.
  /// - Returns: what was fed of each row, the hidden states of the last of it, `[rows, d]`, and the rows behind prefixes.
  private func advance(
    _ rows: inout [GeneratingRow], _ waiting: inout ArraySlice<Int>, _ places: Int, _ cache: KVCache,
    _ requests: [GenerationRequest], _ options: SamplingOptions, _ stop: StopConditions, _ edits: Edits
  ) throws(TensorError) -> (pieces: [TokenBatch.Sequence], hidden: Tensor, prefixed: Set<Int>) {
    if let limit = model.cacheLimit {
      for (i, row) in rows.enumerated() where row.hasBegun && row.length == limit + 1 { cache.empty(i) }
    }
    // At most one row, the last, is not read to the end of its prompt: whoever takes the last room.
    var room = limits.tokens
    var pieces = zip(rows, cache.lengths).map { $0.piece(from: $1, room: &room) }
    while room > 0, rows.count < places, let next = waiting.popFirst() {
      let row = row(requests[next], next, options, stop)
      cache.add(capacity: row.prompt.count + min(stop.maximumNewTokens, Self.usualAnswer))
      pieces.append(row.piece(from: 0, room: &room))
      rows.append(row)
    }
    let batch = TokenBatch(pieces)
    let asked = batch.rowCount == rows.count ? batch : TokenBatch(pieces, asking: batch.lastRows)
    let tap = try edits(asked)
    return (pieces, try model.hidden(asked, cache: cache, tap: tap), Set(tap.prefixes.keys))
  }

  /// Chooses the next token of the rows that are read, of all from whose hidden states `[rows, d]`.
  private func choose(
    for read: [Int], of rows: inout [GeneratingRow], from hidden: Tensor, _ options: SamplingOptions,
    _ requests: [GenerationRequest], _ onText: (Int, String) throws -> Void
  ) throws {
    if read.isEmpty { return }
    let states =
      try read.count == rows.count ? hidden : hidden.selected(Tensor(read.map(Int64.init), on: model.device))
    let next = try NextTokens(states, by: model, wantsBest: options.isArgmax)
    try choose(read.enumerated().map { ($1, $0) }, of: &rows, from: next, options, requests, onText)
  }

  /// Chooses the next token of some rows, each with its place in what a pass says.
  private func choose(
    _ read: [(row: Int, place: Int)], of rows: inout [GeneratingRow], from next: NextTokens, _ options: SamplingOptions,
    _ requests: [GenerationRequest], _ onText: (Int, String) throws -> Void
  ) throws {
    let best = try next.best.values(as: Int32.self)
    if let fault = read.first(where: { best[$0.place] < 0 }) {
      let request = rows[fault.row].index
      throw GenerationError.notFinite(place: Self.place(of: requests[request], request))
    }
    for (row, place) in read {
      let token =
        try options.isArgmax
        ? best[place] : rows[row].choose(from: next.logits.narrowed(0, place..<place + 1).values(as: Float.self))
      try take(token, &rows[row], onText)
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
