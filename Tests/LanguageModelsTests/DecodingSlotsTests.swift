import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Steps over slots of a fixed shape against steps of a growing cache.
@Suite(.engineAlone) struct DecodingSlotsTests {
  /// Scores with a bound, and frequencies that change with the length, are no matter of fixed shapes.
  private static let growingAlone: Set = ["gemma2", "phi3_longrope", "phi3_partial_rotary"]
  private static let names = TinyModel.decoders.filter { !growingAlone.contains($0) }
  private static let prompts: [[Int32]] = [
    [5, 9, 31, 4], [88], (0..<30).map { Int32($0 * 13 % 97) }, [7, 7, 12, 60, 33, 2, 19, 45, 71],
  ]

  @Test(arguments: TinyModel.names) func `decoders grow in slots but for those that are named here`(name: String) throws
  {
    #expect(try TinyModel.load(name).takesSlots == Self.names.contains(name))
  }

  private struct Steps {
    var growing: [Double] = []
    var slots: [Double] = []
    var gap: Double { zip(growing, slots).map { abs($0 - $1) }.max() ?? .infinity }
    var size: Double { growing.map(abs).max() ?? 0 }
  }

  /// What both give for the same tokens behind the prompts, in a slot more than there are prompts.
  private func steps(
    _ model: any LanguageModel, count: Int, late: Int = 0, edits: (TokenBatch) throws -> Tap = { _ in .none }
  ) throws -> Steps {
    try withoutGradients {
      let cache = KVCache(sequences: Self.prompts.count, layers: model.shape.layers)
      let read = TokenBatch(prompts: Self.prompts)
      _ = try model.hidden(read, cache: cache, tap: edits(read))
      // Slot 2 is left out.
      let slotOf = [0, 1, 3, 4]
      var slots = try DecodingSlots(model, count: 5, capacity: 40)
      for (i, slot) in slotOf.enumerated() { try slots.take(i, of: cache, into: slot) }
      var found = Steps()
      for step in 0..<count {
        if step == 5 { slots = try slots.enlarged(to: 64) }
        let next = Self.prompts.enumerated().map { i, prompt in
          TokenBatch.Sequence(
            tokens: [Int32((step * 29 + i * 7) % 97)], start: prompt.count + step, promptLength: prompt.count)
        }
        let rows = (0..<5).map { slot in next[slotOf.firstIndex(of: slot) ?? 0] }
        let batch = TokenBatch(rows)
        try slots.read(tokens: batch.tokens, positions: batch.positions.map { max(0, $0 - late) })
        let columns = step < 5 ? 40 : 50
        let all = try model.hidden(batch, in: slots, columns: columns, tap: edits(batch))
        found.slots += try all.selected(Tensor(slotOf.map(Int64.init))).values(as: Double.self)
        found.growing += try model.hidden(TokenBatch(next), cache: cache, tap: edits(TokenBatch(next)))
          .values(as: Double.self)
      }
      return found
    }
  }

  @Test(arguments: names)
  func `a step over slots is a step of a growing cache`(name: String) throws {
    try withoutLeaks {
      let found = try steps(TinyModel.load(name), count: 18)
      // Two orders of summation in float32: 1.1e-6 of the largest number was seen.
      #expect(found.gap < 5e-6 * found.size)
    }
  }

  @Test(arguments: names)
  func `rows at wrong positions do not pass`(name: String) throws {
    let found = try steps(TinyModel.load(name), count: 3, late: 1)
    #expect(found.gap > 1e-3 * found.size)
  }

  @Test func `edits of generated rows act in slots as elsewhere`() throws {
    let model = try TinyModel.load()
    let plan = Adapter.Plan(
      method: "loreft", settings: ["rank": 2], locations: [try Location(parsing: "all.block_output@generated")])
    let adapter = try Adapter(
      plan, of: InterventionRegistry.standard.method("loreft"), for: model, using: RandomSource(seed: 3))
    let edited = try steps(model, count: 18) { try adapter.tap(for: $0) }
    #expect(edited.gap < 5e-6 * edited.size)
    #expect(try edited.slots != steps(model, count: 18).slots)
  }
}
