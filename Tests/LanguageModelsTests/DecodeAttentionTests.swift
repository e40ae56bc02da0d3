import Layers
import Tensors
import Testing
import _TestSupport

/// One new row a sequence, whole batches in one call, against a call a sequence.
@Suite(.engineAlone) struct DecodeAttentionTests {
  /// How heads are shared, how wide they are, and what a row sees.
  static let cases: [(heads: Int, kvHeads: Int, width: Int, reach: PackedAttention.Reach)] = [
    (9, 3, 64, .past), (4, 4, 8, .past), (5, 1, 16, .past), (8, 2, 20, .past), (2, 2, 1, .past), (14, 2, 33, .past),
    (4, 2, 16, .window(5)), (7, 7, 40, .window(1)),
  ]

  /// Prompts of different lengths, then steps of all sequences together, in one type.
  private func steps(
    _ c: (heads: Int, kvHeads: Int, width: Int, reach: PackedAttention.Reach), as dtype: DType, lengths: [Int],
    count: Int
  ) throws -> (rows: [[Double]], held: [Int]) {
    let random = try RandomSource(seed: 7)
    let attend = PackedAttention(scale: 0.3, reach: c.reach)
    let stores = lengths.map { _ in KeyValueStore(capacity: 4) }
    func rows(_ n: Int, _ heads: Int) throws -> Tensor { try random.normal([n, heads, c.width]).converted(to: dtype) }
    func call(_ sequences: [Range<Int>], _ stores: [KeyValueStore]) throws -> [Double] {
      let n = sequences.last?.upperBound ?? 0
      return try attend(rows(n, c.heads), rows(n, c.kvHeads), rows(n, c.kvHeads), sequences: sequences, stores: stores)
        .values(as: Double.self)
    }
    // The prompt of a sequence has two rows at least, so that reading it is no step.
    for (length, store) in zip(lengths, stores) { _ = try call([0..<length], [store]) }
    var found: [[Double]] = []
    for _ in 0..<count { found.append(try call(stores.indices.map { $0..<$0 + 1 }, stores)) }
    return (found, stores.map(\.held))
  }

  @Test(arguments: cases)
  func `a step of many sequences is a step of each`(
    c: (heads: Int, kvHeads: Int, width: Int, reach: PackedAttention.Reach)
  ) throws {
    let lengths = [2, 3, 31, 140, 16]
    // float64 is not what the kernel takes: one call a sequence.
    let fast = try steps(c, as: .float32, lengths: lengths, count: 9)
    let plain = try steps(c, as: .float64, lengths: lengths, count: 9)
    #expect(fast.held == plain.held)
    for (fast, plain) in zip(fast.rows, plain.rows) {
      #expect(fast.count == lengths.count * c.heads * c.width)
      // Means of values around 1 by weights of float32: 1e-6 was seen.
      for (a, b) in zip(fast, plain) { #expect(abs(a - b) < 5e-6) }
    }
    // Each step sees the one before it: no two give the same.
    #expect(zip(fast.rows, fast.rows.dropFirst()).allSatisfy { $0 != $1 })
  }

  @Test(arguments: cases)
  func `a pass of single rows, beginnings and pieces is a pass of each`(
    c: (heads: Int, kvHeads: Int, width: Int, reach: PackedAttention.Reach)
  ) throws {
    let attend = PackedAttention(scale: 0.3, reach: c.reach)
    // What is held of each sequence, and what comes.
    let held = [7, 2, 0, 0, 5, 19, 0, 1]
    let new = [1, 1, 4, 9, 3, 1, 1, 1]
    let ends = new.indices.map { new[...$0].reduce(0, +) }
    let sequences = zip(new, ends).map { $1 - $0..<$1 }
    func stores() throws -> [KeyValueStore] {
      let random = try RandomSource(seed: 3)
      return try held.map { count in
        let store = KeyValueStore(capacity: 4)
        guard count > 0 else { return store }
        _ = try store.append(
          keys: random.normal([count, c.kvHeads, c.width]), values: random.normal([count, c.kvHeads, c.width]))
        return store
      }
    }
    let random = try RandomSource(seed: 4)
    let rows = ends.last ?? 0
    let (q, k, v) = (
      try random.normal([rows, c.heads, c.width]), try random.normal([rows, c.kvHeads, c.width]),
      try random.normal([rows, c.kvHeads, c.width])
    )
    let (together, apart) = (try stores(), try stores())
    let whole = try attend(q, k, v, sequences: sequences, stores: together).values(as: Float.self)
    let each = try zip(sequences, apart).flatMap { own, store in
      try attend(
        q.narrowed(0, own), k.narrowed(0, own), v.narrowed(0, own), sequences: [0..<own.count], stores: [store]
      ).values(as: Float.self)
    }
    #expect(together.map(\.held) == apart.map(\.held))
    #expect(whole.count == each.count && whole != each.reversed())
    for (a, b) in zip(whole, each) { #expect(abs(a - b) < 5e-6) }
  }

  @Test func `what is not a number shows`() throws {
    let random = try RandomSource(seed: 1)
    let attend = PackedAttention(scale: 1)
    let store = KeyValueStore()
    _ = try attend(
      random.normal([3, 2, 8]), random.normal([3, 2, 8]), random.normal([3, 2, 8]), sequences: [0..<3], stores: [store])
    let broken = try random.normal([1, 2, 8]) * .nan
    let z = try attend(
      random.normal([1, 2, 8]), broken, random.normal([1, 2, 8]), sequences: [0..<1], stores: [store])
    #expect(try z.values(as: Float.self).allSatisfy(\.isNaN))
  }
}
