public import Diagnostics

/// What can be wrong with a request to generate or to score.
public enum GenerationError: Diagnostic {
  /// An option out of its range.
  case option(flag: String, expected: String, got: String)
  /// The prompt leaves no room in the model's context.
  case promptTooLong(place: String, tokens: Int, context: Int)
  /// Prompt and completion together do not fit into the model's context.
  case textTooLong(place: String, tokens: Int, context: Int)
  /// No token stands before the first one to be generated.
  case emptyPrompt(place: String)
  /// The completion has no token.
  case emptyCompletion(place: String)
  /// No token stands before the first one to be scored.
  case nothingBeforeCompletion(place: String)
  /// An id that the model has no embedding for.
  case tokenOutOfRange(place: String, token: Int32, vocabulary: Int)
  /// The hidden states hold NaN or infinity.
  case notFinite(place: String)

  public var problem: String {
    switch self {
    case .option(let flag, let expected, let got): "\(flag) must be \(expected), got \(got)"
    case .promptTooLong(_, let tokens, let context):
      "the prompt has \(tokens) tokens, and the model's context of \(context) leaves no room for an answer"
    case .textTooLong(_, let tokens, let context):
      "prompt and completion have \(tokens) tokens, the model's context holds \(context)"
    case .emptyPrompt: "the prompt is empty"
    case .emptyCompletion: "the completion is empty"
    case .nothingBeforeCompletion: "no token stands before the completion, so nothing can predict its first token"
    case .tokenOutOfRange(_, let token, let vocabulary):
      "token \(token) is not in the model's vocabulary of \(vocabulary)"
    case .notFinite: "the model computed NaN or infinity"
    }
  }

  public var location: String {
    switch self {
    case .option: ""
    case .promptTooLong(let place, _, _), .textTooLong(let place, _, _), .emptyPrompt(let place),
      .emptyCompletion(let place), .nothingBeforeCompletion(let place), .tokenOutOfRange(let place, _, _),
      .notFinite(let place):
      place
    }
  }

  public var remedy: String? {
    switch self {
    case .option: nil
    case .promptTooLong(_, let tokens, let context):
      "shorten the prompt by at least \(tokens - context + 1) tokens, or use a model with a longer context"
    case .textTooLong(_, let tokens, let context):
      "shorten the text by at least \(tokens - context) tokens, or use a model with a longer context"
    case .emptyPrompt, .nothingBeforeCompletion:
      "give a prompt; a tokenizer that adds a begin-of-text token would allow an empty one"
    case .emptyCompletion: "give at least one character to score"
    case .tokenOutOfRange: "check that the tokenizer belongs to the model"
    case .notFinite: "check the adapter and the weights: training may have diverged"
    }
  }
}
