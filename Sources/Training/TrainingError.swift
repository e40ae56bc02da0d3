public import Diagnostics

/// What can stop a training run.
public enum TrainingError: Diagnostic {
  /// A record has more tokens than the encoder accepts; it is never cut.
  case tooLong(tokens: Int, limit: Int, source: String)
  /// A record has no response token with a token before it.
  case nothingToLearn(source: String)
  /// A conversation for a model without a chat template.
  case noChatTemplate(source: String)
  /// A conversation whose last message is not the assistant's.
  case noAnswer(source: String)
  /// The template writes the conversation's beginning otherwise when the answer follows.
  case promptNotAPrefix(source: String)
  /// The same response has other tokens behind another prompt.
  case unevenContrast(tokens: Int, expected: Int, source: String)
  /// A record without the two prompts that training on representations needs.
  case noContrast(source: String)
  /// There is nothing to train on.
  case noExamples
  /// No position of any example is edited.
  case nothingEdited(locations: String)
  /// The method is fitted to activations, not trained.
  case nothingTrainable(method: String)
  /// The loss is NaN or infinite.
  case notFinite(loss: Double, step: Int, examples: [String])
  /// A trained value is NaN or infinite, though the loss that was seen last was not.
  case diverged(parameter: String, step: Int)
  /// A number of the settings outside its range.
  case setting(key: String, expected: String, got: String)
  /// The activations of the trunk do not fit where they are to be kept.
  case noRoom(bytes: Int, free: Int, place: String)
  /// The folder holds something else than the state of a run.
  case notAState(found: String, source: String)
  /// A saved run does not fit this one.
  case otherRun(difference: String, source: String)

  public var problem: String {
    switch self {
    case .tooLong(let tokens, let limit, _): "the record has \(tokens) tokens, the limit is \(limit)"
    case .nothingToLearn: "the record has no response token to learn from"
    case .noChatTemplate: "the record is a conversation, and the model has no chat template"
    case .noAnswer: "the conversation does not end with an assistant message"
    case .promptNotAPrefix: "the chat template does not write the prompt as the beginning of the whole conversation"
    case .unevenContrast(let tokens, let expected, _):
      "the response has \(expected) tokens behind its own prompt and \(tokens) behind another"
    case .noContrast: "the record has no 'positive_prompt' and 'negative_prompt'"
    case .noExamples: "there is no training example"
    case .nothingEdited(let locations): "the locations '\(locations)' edit no position of any example"
    case .nothingTrainable(let method): "\(method) has nothing to train: it is fitted to activations"
    case .notFinite(let loss, let step, _): "the loss became \(loss) at step \(step)"
    case .diverged(let parameter, let step): "the parameter '\(parameter)' is NaN or infinite after step \(step)"
    case .setting(_, let expected, let got): "expected \(expected), got \(got)"
    case .noRoom(let bytes, let free, _): "keeping the trunk takes \(bytes.asSize), and \(free.asSize) are free"
    case .notAState(let found, _): "expected the saved state of a run, found \(found)"
    case .otherRun(let difference, _): "the saved run cannot be resumed: \(difference)"
    }
  }

  public var location: String {
    switch self {
    case .tooLong(_, _, let source), .nothingToLearn(let source), .noChatTemplate(let source), .noAnswer(let source),
      .promptNotAPrefix(let source), .notAState(_, let source), .otherRun(_, let source),
      .unevenContrast(_, _, let source),
      .noContrast(let source):
      source
    case .noExamples: "data.train"
    case .noRoom(_, _, let place): "training.cache_trunk, \(place)"
    case .nothingEdited: "locations"
    case .nothingTrainable: "method"
    case .diverged: "the adapter"
    case .setting(let key, _, _): "training.\(key)"
    case .notFinite(_, _, let examples):
      "batch of " + examples.prefix(8).joined(separator: "; ") + (examples.count > 8 ? "; ..." : "")
    }
  }

  public var remedy: String? {
    switch self {
    case .tooLong: "shorten the record, or raise training.max_length up to the model's context"
    case .nothingToLearn: "give it a response, or remove the line"
    case .noChatTemplate: "use a chat model, or write the record as prompt and response"
    case .noAnswer: "end it with the answer that is to be learned"
    case .promptNotAPrefix: "write the record as prompt and response"
    case .unevenContrast: "end all three prompts with the same characters, a space or a line break for example"
    case .noContrast: "give every record both, or leave out objective.name=representation"
    case .noExamples: "name a file that has records"
    case .nothingEdited: "records without a prompt need @all positions"
    case .nothingTrainable: "use reft fit, which finds it from activations"
    case .setting: nil
    case .noRoom: "set training.cache_trunk to auto, which looks for room, or to off"
    case .notAState: "name the folder of states that an interrupted run left"
    case .notFinite, .diverged:
      "lower training.learning_rate, or set training.gradient_clip; the last checkpoint is intact"
    case .otherRun: "resume with the recipe and data of the saved run, or begin a new one in another folder"
    }
  }
}
