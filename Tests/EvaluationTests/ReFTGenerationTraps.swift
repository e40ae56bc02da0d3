import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import TextGeneration
import _TestSupport

/// Generation with edited prompts, where pyreft searches for BOS, counts calls and pads on the left.
@Suite(.engineAlone) struct ReFTGenerationTraps {
  private let model: any LanguageModel

  init() throws { model = try TinyModel.load() }

  /// Prompts of one to nine tokens: without a first token of their own, with many, and full of ids that others pad with.
  private static let prompts: [[Int32]] = [
    [5, 9, 31, 4], [0, 0, 12, 0, 33], [1, 1, 1], [88], [2, 9, 2, 2, 19, 45, 71, 2, 2], [1, 50],
  ]

  private func adapter(_ method: String, _ positions: String) throws -> Adapter {
    let adapter = try Adapter(
      .init(method: method, settings: [:], locations: Location.list(parsing: "all.block_output@\(positions)")),
      of: InterventionRegistry.standard.method(method), for: model, using: RandomSource(seed: 3))
    let noise = try RandomSource(seed: 4)
    for parameter in adapter.parameters {
      try parameter.tensor.assign(parameter.tensor.detached() + noise.normal(parameter.tensor.shape, deviation: 0.1))
    }
    return adapter
  }

  private func generated(
    _ adapter: Adapter?, _ prompts: [[Int32]], limits: BatchLimits = BatchLimits()
  ) throws -> [[Int32]] {
    let edits: Edits = { batch throws(TensorError) in try adapter?.tap(for: batch) ?? .none }
    return try Generator(model, TinyTokenizer.make(), limits: limits).generate(
      prompts.map { GenerationRequest(tokens: $0) }, .greedy,
      until: StopConditions(endTokens: [], maximumNewTokens: 10), edits: edits
    ).map(\.tokens)
  }

  /// The answer without a cache: the whole text again for every token, its prompt as long as ever.
  private func recomputed(_ adapter: Adapter, _ prompt: [Int32]) throws -> [Int32] {
    var tokens = prompt
    try withoutGradients {
      for _ in 0..<10 {
        let batch = TokenBatch([.init(tokens: tokens, promptLength: prompt.count)])
        let hidden = try model.hidden(batch, cache: nil, tap: adapter.tap(for: batch))
        let last = try model.logits(hidden.narrowed(0, tokens.count - 1..<tokens.count))
        tokens.append(try last.argmax(along: 1).values(as: Int32.self)[0])
      }
    }
    return Array(tokens[prompt.count...])
  }

  @Test(
    arguments: ["loreft", "direft", "consreft", "reft_r1"],
    ["f2|l2", "f7+l7", "l1", "f1+l1+generated", "1..-1+generated"])
  func `a batch is continued as each prompt alone, with a cache, without one, and read in pieces`(
    method: String, positions: String
  ) throws {
    try withoutLeaks {
      let adapter = try adapter(method, positions)
      let expected = try Self.prompts.map { try recomputed(adapter, $0) }
      #expect(try generated(adapter, Self.prompts) == expected)
      #expect(try Self.prompts.map { try generated(adapter, [$0])[0] } == expected)
      #expect(try generated(adapter, Self.prompts, limits: BatchLimits(tokens: 3, sequences: 2)) == expected)
      #expect(try generated(nil, Self.prompts) != expected)
    }
  }
}
