/// One stage on the way from a model's scores to a choice: a pure function on the scores of the next token.
///
/// A new stage is one file and one line in ``SamplingOptions/stages``. A token that a stage rules out gets the score
/// minus infinity.
public protocol LogitStage: Sendable {
  /// Changes the scores in place.
  ///
  /// - Parameters:
  ///   - logits: one score for each token of the vocabulary.
  ///   - seen: the tokens of the prompt and of what has been generated.
  func apply(to logits: inout [Float], seen: Set<Int32>)
}
