public import LanguageModels
import Tensors

/// Greedy generation under contrast vectors: three sequences, one cache.
public struct ContrastGenerator {
  private let model: any LanguageModel
  private let contrast: ContrastVectors

  /// A generator on one model.
  ///
  /// - Throws: ``LanguageModels/ModelError`` for a model that does not continue texts.
  public init(_ model: any LanguageModel, _ contrast: ContrastVectors) throws {
    try model.checkContinuesTexts()
    self.model = model
    self.contrast = contrast
  }

  /// Continues the base prompt.
  ///
  /// - Parameters:
  ///   - maximum: most tokens that are generated.
  ///   - endTokens: tokens at which it ends; such a token is not part of the result.
  ///   - choose: the next token for the scores of the vocabulary; the best one without.
  public func generate(
    base: [Int32], positive: [Int32], negative: [Int32], maximum: Int, endTokens: Set<Int32> = [],
    choose: ([Float]) -> Int32 = Self.best
  ) throws -> [Int32] {
    let prompts = [base, positive, negative]
    let cache = KVCache(
      sequences: 3, layers: model.shape.layers, capacity: (prompts.map(\.count).max() ?? 0) + maximum)
    var generated: [Int32] = []
    var next = prompts
    var starts = [0, 0, 0]
    while generated.count < maximum {
      let batch = TokenBatch(
        (0..<3).map { .init(tokens: next[$0], start: starts[$0], promptLength: prompts[$0].count) })
      let scores = try withoutGradients {
        let hidden = try model.hidden(batch, cache: cache, tap: contrast.tap(for: batch))
        let last = try Tensor([Int64(batch.lastRows[0])], on: model.device)
        return try model.logits(hidden.selected(last)).values(as: Float.self)
      }
      let token = choose(scores)
      if endTokens.contains(token) { break }
      generated.append(token)
      for i in 0..<3 { starts[i] += next[i].count }
      next = [[token], [token], [token]]
    }
    return generated
  }

  /// The token of the highest score, the first of equals.
  public static func best(_ scores: [Float]) -> Int32 {
    Int32(scores.indices.max { (scores[$0], $1) < (scores[$1], $0) } ?? 0)
  }
}
