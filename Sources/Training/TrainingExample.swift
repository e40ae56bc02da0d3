/// A training record as token ids: the prompt, then the response that the loss is taken on.
public struct TrainingExample: Sendable, Equatable {
  /// Prompt and response, end-of-text included.
  public let tokens: [Int32]
  /// Number of prompt tokens, n; the tokens from there on are learned.
  public let promptLength: Int
  /// The named parts of the rank that this example trains; `nil` for all.
  public var subspaces: Set<String>?
  /// The same response behind two other prompts, for ``RepresentationObjective``.
  public var contrast: Contrast?
  /// Where the record stands: `train.jsonl, line 7`.
  public let source: String

  /// A response behind the prompt it should come nearer to, and behind the one it should leave.
  public struct Contrast: Sendable, Equatable {
    /// A prompt with the response behind it.
    public struct Text: Sendable, Equatable {
      /// Prompt and response.
      public let tokens: [Int32]
      /// Number of prompt tokens.
      public let promptLength: Int

      /// A text from its token ids.
      public init(tokens: [Int32], promptLength: Int) {
        self.tokens = tokens
        self.promptLength = promptLength
      }
    }

    /// x+ and x-.
    public let positive, negative: Text

    /// A contrast of two texts.
    public init(positive: Text, negative: Text) {
      self.positive = positive
      self.negative = negative
    }
  }

  /// An example from its token ids.
  ///
  /// - Precondition: at least one token is learned, and one stands before it.
  public init(
    tokens: [Int32], promptLength: Int, subspaces: Set<String>? = nil, contrast: Contrast? = nil, source: String
  ) {
    precondition(tokens.count >= 2 && promptLength < tokens.count)
    self.tokens = tokens
    self.promptLength = promptLength
    self.subspaces = subspaces
    self.contrast = contrast
    self.source = source
  }

  /// Index of the first learned token; the very first token of a text has nothing to be predicted from.
  public var firstLabel: Int { max(1, promptLength) }
  /// Number of learned tokens.
  public var labelCount: Int { tokens.count - firstLabel }
}
