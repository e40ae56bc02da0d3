/// Token sequences of true lengths, packed one behind the other; no padding exists anywhere.
public struct TokenBatch: Sendable {
  /// One sequence, or the next piece of one that a cache already holds the beginning of.
  public struct Sequence: Sendable {
    /// Token ids, at least one.
    public var tokens: [Int32]
    /// Absolute position of the first token: the number of tokens that the cache holds already.
    public var start: Int
    /// Number of prompt tokens of the whole sequence, n; tokens from there on are response or generated.
    public var promptLength: Int
    /// Which of several ways through the edits this sequence goes; the maker of the tap gives the number its meaning.
    public var route: Int
    /// The segment of each token, for encoders that tell the first text of a pair from the second; empty for all 0.
    public var types: [Int32]
    /// The sequence of the batch, before this one, from whose last token it goes on, as texts with one beginning do;
    /// `nil` for the beginning of a text, and for what goes on from a cache.
    public var parent: Int?

    /// A sequence, or its next piece; without `promptLength`, all of it up to here is prompt.
    ///
    /// - Precondition: `types` is empty or has one entry a token.
    public init(tokens: [Int32], start: Int = 0, promptLength: Int? = nil, types: [Int32] = [], route: Int = 0) {
      precondition(types.isEmpty || types.count == tokens.count, "a type for each token")
      self.types = types
      self.route = route
      self.tokens = tokens
      self.start = start
      self.promptLength = promptLength ?? start + tokens.count
    }
  }

  /// The sequences in the order of their rows.
  public let sequences: [Sequence]
  /// The packed rows of each sequence.
  public let rows: [Range<Int>]
  /// The rows whose final states somebody asks for, ascending, without repeats: a pass gives these and no others, and spares
  /// its last block the rest; `nil` for all.
  public let asked: [Int]?

  /// Packs sequences in their order.
  ///
  /// - Precondition: no sequence is empty.
  public init(_ sequences: [Sequence], asking asked: [Int]? = nil) {
    self.asked = asked
    precondition(sequences.allSatisfy { !$0.tokens.isEmpty }, "an empty sequence in a batch")
    self.sequences = sequences
    var rows: [Range<Int>] = []
    var next = 0
    for sequence in sequences {
      rows.append(next..<next + sequence.tokens.count)
      next += sequence.tokens.count
    }
    self.rows = rows
  }

  /// A batch of whole sequences, all prompt.
  public init(prompts: [[Int32]]) {
    self.init(prompts.map { Sequence(tokens: $0) })
  }

  /// Number of packed rows.
  public var rowCount: Int { rows.last?.upperBound ?? 0 }

  /// Token ids of the packed rows.
  public var tokens: [Int32] { sequences.flatMap(\.tokens) }

  /// Segments of the packed rows.
  public var types: [Int32] { sequences.flatMap { $0.types.isEmpty ? $0.tokens.map { _ in 0 } : $0.types } }

  /// Absolute positions of the packed rows.
  public var positions: [Int] { sequences.flatMap { $0.start..<$0.start + $0.tokens.count } }

  /// The packed row of each sequence's last token.
  public var lastRows: [Int] { rows.map { $0.upperBound - 1 } }
}
