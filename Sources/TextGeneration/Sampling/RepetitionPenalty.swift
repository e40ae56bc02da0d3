/// Makes tokens that were seen less likely (CTRL, arXiv 1909.05858, section 4.1): `l / p` where `l > 0`, else `l * p`.
///
/// As in transformers, the prompt counts as seen, and a token counts once however often it was seen.
public struct RepetitionPenalty: LogitStage {
  /// Above 1 discourages repetition, 1 changes nothing.
  public let penalty: Float

  /// A stage with a penalty above 0; below 1 it encourages repetition.
  public init(_ penalty: Float) {
    self.penalty = penalty
  }

  public func apply(to logits: inout [Float], seen: Set<Int32>) {
    for token in seen where logits.indices.contains(Int(token)) {
      let logit = logits[Int(token)]
      logits[Int(token)] = logit > 0 ? logit / penalty : logit * penalty
    }
  }
}
