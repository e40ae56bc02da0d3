/// Keeps the nucleus (arXiv 1904.09751): the smallest set of most likely tokens whose probabilities sum to at least p.
///
/// At least one token stays; of equals, the first.
public struct TopP: LogitStage {
  /// Above 0, at most 1; 1 keeps everything.
  public let p: Float

  /// A stage that keeps the nucleus of this probability.
  public init(_ p: Float) {
    self.p = p
  }

  public func apply(to logits: inout [Float], seen: Set<Int32>) {
    guard p < 1, logits.count > 1 else { return }
    let probabilities = Probabilities(of: logits)
    // Tokens below this share sum to less than 1 - p, so the nucleus lies above it, and few are left to sort (llama2.c).
    // The most likely token, of weight 1, stays in any case.
    let share = min(1, Float(Double(1 - p) / Double(logits.count - 1) * probabilities.total))
    var candidates = probabilities.weights.indices.filter { probabilities.weights[$0] >= share }
    candidates.sort { (probabilities.weights[$1], $0) < (probabilities.weights[$0], $1) }
    let scores = logits
    logits = [Float](repeating: -.infinity, count: scores.count)
    var sum = 0.0
    for candidate in candidates {
      logits[candidate] = scores[candidate]
      sum += Double(probabilities.weights[candidate])
      if sum >= Double(p) * probabilities.total { break }
    }
  }
}
