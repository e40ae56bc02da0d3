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
