import JSON

/// A unigram language model: of all ways to cut a piece into tokens the one whose scores add up to the most.
///
/// Reference: tokenizers' `models/unigram/model.rs` (`encode_optimized`), which follows SentencePiece; Kudo 2018, section 3.2.
struct Unigram: Sendable {
  let vocabulary: Vocabulary
  private let trie: TokenTrie
  /// The logarithm of each token's probability, by id.
  private let scores: [Double]
  private let unknown: TokenID
  private let unknownScore: Double
  /// The tokens `<0x00>` to `<0xFF>`, which spell what the vocabulary lacks; -1 where one is missing.
  private let fallback: [TokenID]?

  init(_ reader: StageReader) throws(TokenizerError) {
    let entries = try reader.array("vocab")
    var vocabulary = Vocabulary(capacity: entries.count, source: reader.source)
    var scores: [Double] = []
    scores.reserveCapacity(entries.count)
    for (id, entry) in entries.enumerated() {
      guard let pair = entry.array, pair.count == 2, let token = pair[0].string, let score = pair[1].double else {
        throw .document(
          .type(
            key: "vocab[\(id)]", expected: "a token and its score", got: entry.text, source: reader.source))
      }
      try vocabulary.insert(token.utf8, id: id, of: entries.count)
      scores.append(Self.asReferenceReads(score))
    }
    guard let unknown = try reader.int(ifPresent: "unk_id") else {
      throw reader.unsupported("unk_id", "null", supported: "the id of the token for what the vocabulary lacks")
    }
    guard unknown >= 0, unknown < entries.count else {
      throw .idOutOfRange(name: "'unk_id'", id: unknown, limit: entries.count, source: reader.source)
    }
    self.unknown = TokenID(unknown)
    // An unknown character costs this much more than the rarest token.
    unknownScore = (scores.min() ?? 0) - 10
    self.scores = scores
    fallback =
      try reader.bool("byte_fallback", default: false)
      ? (0..<256).map { vocabulary.id(of: ByteFallbackName.of(UInt8($0))) ?? -1 } : nil
    trie = TokenTrie((0..<entries.count).map { (vocabulary.token(of: TokenID($0)) ?? [], TokenID($0)) })
    self.vocabulary = vocabulary
  }

  /// The value that tokenizers' JSON reader (serde_json) makes of the shortest text of a number: the digits as a whole number, rounded
  /// to a `Double`, times or by a power of ten, rounded again.
  ///
  /// It is the value itself or a neighbour. Which of two cuts of equal worth wins hangs on this last bit.
  private static func asReferenceReads(_ value: Double) -> Double {
    var digits: UInt64 = 0
    var exponent = 0
    var isFraction = false
    let text = value.magnitude.description.utf8
    let mantissa = text.prefix { $0 != UInt8(ascii: "e") }
    for character in mantissa {
      guard character != UInt8(ascii: ".") else {
        isFraction = true
        continue
      }
      let (product, overflows) = digits.multipliedReportingOverflow(by: 10)
      guard !overflows, product <= UInt64.max - 9 else { return value }
      digits = product + UInt64(character - UInt8(ascii: "0"))
      exponent -= isFraction ? 1 : 0
    }
    exponent += Int(UTF8Text.string(text.dropFirst(mantissa.count + 1))) ?? 0
    guard abs(exponent) <= 308, let power = Double("1e\(abs(exponent))") else { return value }
    let magnitude = exponent < 0 ? Double(digits) / power : Double(digits) * power
    return value < 0 ? -magnitude : magnitude
  }

  /// Appends the tokens of a piece, from the cache if it was seen before.
  @inline(__always)
  func tokenize(_ piece: UnsafeBufferPointer<UInt8>, workspace: inout ModelWorkspace, _ symbols: inout [Symbol]) {
    if workspace.words.append(piece, to: &symbols) { return }
    let start = symbols.count
    findBestPath(piece, &workspace.lattice)
    append(piece, workspace.lattice, &symbols)
    workspace.words.keep(piece, symbols[start...])
  }

  /// Finds for every place in the piece the best way to get there. Of equal ones the first found stays: the one whose last
  /// token is longest.
  private func findBestPath(_ piece: UnsafeBufferPointer<UInt8>, _ lattice: inout Lattice) {
    lattice.reset(piece.count)
    var start = 0
    while start < piece.count {
      var end = start
      _ = UTF8Text.next(in: piece, &end)
      let score = lattice.score(at: start)
      var isKnown = false
      trie.forEachPrefix(of: piece, from: start) { id, tokenEnd in
        lattice.offer(id, from: start, to: tokenEnd, scores[Int(id)] + score)
        if tokenEnd == end { isKnown = true }
      }
      if !isKnown { lattice.offer(unknown, from: start, to: end, unknownScore + score) }
      start = end
    }
  }

  private func append(_ piece: UnsafeBufferPointer<UInt8>, _ lattice: Lattice, _ symbols: inout [Symbol]) {
    let first = symbols.count
    var end = piece.count
    while end > 0 {
      let arrival = lattice.arrival(at: end)
      var start = arrival.start
      if arrival.id == unknown {
        // Neighbouring unknown characters are one.
        while start > 0, case let before = lattice.arrival(at: start), before.id == unknown { start = before.start }
        appendUnknown(UnsafeBufferPointer(rebasing: piece[start..<end]), &symbols)
      } else {
        symbols.append(Symbol(id: arrival.id, length: Int32(end - start)))
      }
      end = start
    }
    symbols[first...].reverse()
  }

  /// What is unknown may still be a token as a whole, or be spelled byte by byte; each byte's token stands for all of it.
  ///
  /// Appended from the last to the first, as the path is walked.
  private func appendUnknown(_ text: UnsafeBufferPointer<UInt8>, _ symbols: inout [Symbol]) {
    let length = Int32(text.count)
    if let id = vocabulary.id(of: text) {
      symbols.append(Symbol(id: id, length: length))
    } else if let fallback, text.allSatisfy({ fallback[Int($0)] >= 0 }) {
      for byte in text.dropFirst().reversed() { symbols.append(Symbol(id: fallback[Int(byte)], length: 0)) }
      symbols.append(Symbol(id: fallback[Int(text[0])], length: length))
    } else {
      symbols.append(Symbol(id: unknown, length: length))
    }
  }
}
