import Tensors
import Testing
import _TestSupport

/// The products of few rows, which are computed by a kernel of our own.
@Suite(.engineAlone) struct SkinnyLinearTests {
  /// Rows on both sides of what the kernel takes in groups of 4, 8 and 16, and of where the engine takes over.
  static let rows = [1, 2, 3, 4, 5, 8, 9, 16, 17, 25, 32, 33]

  /// The largest difference from the engine's product in float64, in units of what the sums of absolute values allow.
  private func error(_ rows: Int, _ k: Int, _ n: Int, bias: Bool, _ random: RandomSource) throws -> Double {
    let x = try random.normal([rows, k])
    let weight = try random.normal([n, k])
    let bias = bias ? try random.normal([n]) : nil
    func wide(_ t: Tensor) throws -> Tensor { try t.converted(to: .float64) }
    let exact = try wide(x).linear(wide(weight), bias: bias.map(wide))
    let scale = try wide(x).abs().linear(wide(weight).abs(), bias: bias.map { try wide($0).abs() })
    return try ((wide(x.linear(weight, bias: bias)) - exact).abs() / scale).max().item()
  }

  @Test(arguments: [1, 3, 15, 16, 17, 40, 64, 577])
  func `few rows times a matrix is what the engine gives, whatever the sizes`(k: Int) throws {
    let random = try RandomSource(seed: UInt64(k))
    for n in [1, 2, 3, 4, 5, 11, 12, 13, 50] {
      for rows in Self.rows {
        // Sums of up to 577 products of float32 in another order: at most 3e-7 was seen, a wrong term gives above 1e-4.
        #expect(try error(rows, k, n, bias: rows % 2 == 0, random) < 1.2e-6, "\(rows) rows, \(k) to \(n)")
      }
    }
  }

  @Test func `many pieces on many threads leave no output out`() throws {
    let random = try RandomSource(seed: 9)
    for rows in [1, 16, 20] { #expect(try error(rows, 576, 1023, bias: true, random) < 1.2e-6) }
    #expect(try error(2, 30_000, 7, bias: false, random) < 1.2e-6)
  }

  @Test func `views that are not whole, and other types, go to the engine`() throws {
    let random = try RandomSource(seed: 3)
    let x = try random.normal([2, 40])
    let weight = try random.normal([8, 64])
    let part = try weight.narrowed(1, 8..<48)
    let whole = try x.linear(part.contiguous()).values(as: Float.self)
    for (a, b) in zip(try x.linear(part).values(as: Float.self), whole) { #expect(abs(a - b) < 1e-4) }
    let turned = try random.normal([40, 2]).transposed()
    let straight = try turned.contiguous().linear(part.contiguous()).values(as: Float.self)
    for (a, b) in zip(try turned.linear(part).values(as: Float.self), straight) { #expect(abs(a - b) < 1e-4) }
    #expect(
      try x.converted(to: .bfloat16).linear(weight.narrowed(1, 0..<40).converted(to: .bfloat16)).dtype == .bfloat16)
  }

  @Test func `three dimensions keep their shape, and a wrong width is the engine's error`() throws {
    let random = try RandomSource(seed: 4)
    let x = try random.normal([2, 3, 16])
    let weight = try random.normal([5, 16])
    #expect(try x.linear(weight).shape == [2, 3, 5])
    let rows = try x.reshaped([6, 16]).linear(weight).values(as: Float.self)
    #expect(try x.linear(weight).values(as: Float.self) == rows)
    #expect(throws: TensorError.self) { try x.linear(random.normal([5, 15])) }
  }

  @Test func `gradients of few rows flow`() throws {
    let random = try RandomSource(seed: 5)
    let x = try random.normal([2, 16])
    let weight = try random.normal([5, 16])
    try x.setRequiresGradient(true)
    try x.linear(weight).sum().backward()
    let expected = try weight.sum(along: 0).values(as: Float.self)
    let gradient = try #require(try x.gradient()).values(as: Float.self)
    for (a, b) in zip(gradient, expected + expected) { #expect(abs(a - b) < 1e-5) }
  }
}
