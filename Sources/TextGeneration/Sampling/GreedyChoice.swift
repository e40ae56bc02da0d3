/// The token with the highest score; the first of equals, as the engine's argmax.
enum GreedyChoice {
  static func token(of logits: [Float]) -> Int32 {
    var best = 0
    for i in logits.indices where logits[i] > logits[best] { best = i }
    return Int32(best)
  }
}
