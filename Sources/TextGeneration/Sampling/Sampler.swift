/// Chooses the tokens of one sequence, one after the other.
public struct Sampler: Sendable {
  private let stages: [any LogitStage]
  private let isGreedy: Bool
  private var random: UniformSource
  private var seen: Set<Int32>

  /// A sampler for one sequence, before its first token.
  ///
  /// - Parameters:
  ///   - seed: two samplers with the same seed draw the same tokens from the same scores.
  ///   - prompt: the tokens before the first one to be chosen.
  public init(_ options: SamplingOptions, seed: UInt64, prompt: [Int32]) {
    stages = options.stages
    isGreedy = options.isGreedy
    random = UniformSource(seed: seed)
    seen = options.repetitionPenalty == 1 ? [] : Set(prompt)
  }

  /// Chooses from the scores `[vocabulary]` of the next token.
  public mutating func choose(from logits: [Float]) -> Int32 {
    var logits = logits
    for stage in stages { stage.apply(to: &logits, seen: seen) }
    let token =
      isGreedy ? GreedyChoice.token(of: logits) : Probabilities(of: logits).token(at: random.next())
    seen.insert(token)
    return token
  }
}
