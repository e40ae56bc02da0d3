/// A training record as token ids: the prompt, then the response that the loss is taken on.
public struct TrainingExample: Sendable, Equatable {
  /// Prompt and response, end-of-text included.
  public let tokens: [Int32]
  /// Number of prompt tokens, n; the tokens from there on are learned.
  public let promptLength: Int
  /// Where the record stands: `train.jsonl, line 7`.
  public let source: String

  /// An example from its token ids.
  ///
  /// - Precondition: at least one token is learned, and one stands before it.
  public init(tokens: [Int32], promptLength: Int, source: String) {
    precondition(tokens.count >= 2 && promptLength < tokens.count)
    self.tokens = tokens
    self.promptLength = promptLength
    self.source = source
  }

  /// Index of the first learned token; the very first token of a text has nothing to be predicted from.
  public var firstLabel: Int { max(1, promptLength) }
  /// Number of learned tokens.
  public var labelCount: Int { tokens.count - firstLabel }
}
