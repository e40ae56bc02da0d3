/// What is to be continued.
public struct GenerationRequest: Sendable, Equatable {
  /// The prompt as the model reads it, begin-of-text token included; not empty.
  public var tokens: [Int32]
  /// The seed of this row; `nil` for ``SamplingOptions/seed`` plus the row's index.
  public var seed: UInt64?
  /// Its way through the edits: ``LanguageModels/TokenBatch/Sequence/route``.
  public var route: Int
  /// What errors call the prompt; `nil` for `prompt 1` and so on.
  public var place: String?

  /// A request; the prompt is checked when generation begins.
  public init(tokens: [Int32], seed: UInt64? = nil, route: Int = 0, place: String? = nil) {
    self.tokens = tokens
    self.route = route
    self.seed = seed
    self.place = place
  }
}

/// What a model wrote behind a prompt.
public struct Generation: Sendable, Equatable {
  /// The tokens chosen, without the one that ended the text.
  public let tokens: [Int32]
  /// Their text as it continues the prompt's, special tokens left out, cut before a stop string.
  public let text: String
  /// Why it ended.
  public let finish: FinishReason
  /// Tokens of the prompt.
  public let promptTokens: Int

  /// A generation from its parts.
  public init(tokens: [Int32], text: String, finish: FinishReason, promptTokens: Int) {
    self.tokens = tokens
    self.text = text
    self.finish = finish
    self.promptTokens = promptTokens
  }
}
