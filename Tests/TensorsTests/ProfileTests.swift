import Tensors
import Testing
import _TestSupport

@Suite(.engineAlone) struct ProfileTests {
  private struct Unfinished: Error {}

  private let a, b: Tensor

  init() throws {
    let random = try RandomSource(seed: 1)
    a = try random.normal([64, 96])
    b = try random.normal([96, 32])
  }

  @Test func `a profile names a matrix product with its arithmetic and its bytes`() throws {
    let profile = try Engine.profile {
      for _ in 0..<3 { _ = try a.matmul(b) }
      _ = try a + a
    }
    let product = try #require(profile.first { $0.name == "aten::mm" })
    #expect(product.calls == 3 && product.seconds > 0)
    let numbers = [64 * 96, 96 * 32, 64 * 32].reduce(0, +)
    #expect(product.operations == Double(3 * 2 * 64 * 96 * 32))
    #expect(product.bytes == Double(3 * 4 * numbers))
    // A sum is no matrix product.
    let sum = try #require(profile.first { $0.name == "aten::add" })
    #expect(sum.calls == 1 && sum.operations == 0)
    #expect(profile.map(\.seconds) == profile.map(\.seconds).sorted(by: >))
  }

  @Test func `kernels of our own tell their arithmetic, forward and backward`() throws {
    let random = try RandomSource(seed: 2)
    let (heads, keys) = (try random.normal([5, 2, 8]), try random.normal([5, 1, 8]))
    try heads.setRequiresGradient(true)
    let profile = try Engine.profile {
      let rows = [Tensor.Rows(own: 0..<2), Tensor.Rows(own: 2..<5, parent: 0)]
      try Tensor.packedAttention(query: heads, key: keys, value: keys, sequences: rows, causal: true, scale: 1)
        .sum().backward()
      _ = try withoutGradients { try a.narrowed(0, 0..<3).linears([(.plain(random.normal([7, 96])), nil)]) }
    }
    let attention = profile.filter { $0.name.contains("PackedAttention") || $0.name == "reft_packed_attention" }
    // Each of two rows sees 1 and 2 keys, each of three those two and 1 to 3 of its own; two products of 8 numbers, then five.
    let looks = 1 + 2 + 3 + 4 + 5
    let (queryHeads, width) = (2, 8)
    let told: [Double] = attention.map(\.operations)
    #expect(told.reduce(0, +) == Double((2 + 5) * 2 * looks * queryHeads * width))
    let product = try #require(profile.first { $0.name == "reft_linears" })
    let numbers: Int = [3 * 96, 7 * 96, 3 * 7].reduce(0, +)
    #expect(product.operations == Double(2 * 3 * 96 * 7))
    #expect(product.bytes == Double(4 * numbers))
  }

  @Test func `what is computed outside of a profile is not in it`() throws {
    _ = try a.matmul(b)
    #expect(try Engine.profile { _ = try a + a }.contains { $0.name == "aten::mm" } == false)
    _ = try a.matmul(b)
    #expect(try Engine.profile {} == [])
  }

  @Test func `a profile within another is an error, and an error ends a profile`() throws {
    #expect(throws: TensorError.self) { _ = try Engine.profile { _ = try Engine.profile {} } }
    #expect(throws: Unfinished.self) { _ = try Engine.profile { throw Unfinished() } }
    #expect(try !Engine.profile { _ = try a.matmul(b) }.isEmpty)
  }
}
