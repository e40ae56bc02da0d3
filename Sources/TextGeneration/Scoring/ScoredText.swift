import LanguageModels
import Tokenization

/// A prompt and its completion as one token sequence.
struct ScoredText {
  let tokens: [Int32]
  /// Where the completion begins: the number of prompt tokens.
  let boundary: Int
  let route: Int

  init(_ request: ScoringRequest, _ tokenizer: Tokenizer, addSpecialTokens: Bool) {
    let encoding = tokenizer.encode(request.prompt + request.completion, addSpecialTokens: addSpecialTokens)
    let promptBytes = request.prompt.utf8.count
    let boundary = encoding.offsets.firstIndex { $0.upperBound > promptBytes } ?? encoding.ids.count
    // What the post-processor puts behind a text has an empty range.
    let end = encoding.offsets.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? encoding.ids.count
    tokens = Array(encoding.ids[..<max(boundary, end)])
    self.boundary = boundary
    route = request.route
  }

  var completion: ArraySlice<Int32> { tokens[boundary...] }

  /// What the model reads: nothing is predicted from the last token.
  var fed: [Int32] { tokens.dropLast() }

  func problem(at place: String, for model: any LanguageModel) -> GenerationError? {
    if completion.isEmpty { return .emptyCompletion(place: place) }
    if boundary == 0 { return .nothingBeforeCompletion(place: place) }
    if tokens.count > model.shape.contextLength {
      return .textTooLong(place: place, tokens: tokens.count, context: model.shape.contextLength)
    }
    return model.problem(of: tokens, at: place)
  }
}
