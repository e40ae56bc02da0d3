import Tensors
import Testing
import _TestSupport

/// Loss and gradient of a frozen projection, a chunk of rows at a time.
@Suite(.engineAlone) struct VocabularyLoss {
  private let rows = 23
  private let width = 12
  private let vocabulary = 57

  private struct Result {
    let loss: Float
    let gradient: [Float]
  }

  /// - Parameter chunk: nil for the plain way, through the scores of all rows.
  private func result(chunk: Int?, bias: Bool, shift: Int64 = 0, factor: Double = 1) throws -> Result {
    let random = try RandomSource(seed: 5)
    let x = try random.normal([rows, width])
    let weight = try random.normal([vocabulary, width])
    let b = bias ? try random.normal([vocabulary]) : nil
    try x.setRequiresGradient(true)
    let labels = try Tensor((0..<Int64(rows)).map { ($0 * 11 + shift) % Int64(vocabulary) })
    let loss =
      if let chunk { try x.vocabularyLoss(weight: weight, bias: b, labels: labels, chunk: chunk) } else {
        try x.linear(weight, bias: b).crossEntropy(labels).sum()
      }
    try (loss * factor).backward()
    #expect(try weight.gradient() == nil)
    return Result(loss: Float(try loss.item()), gradient: try #require(try x.gradient()).values())
  }

  private func gap(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

  /// Losses near 100, gradients near 3: measured 8e-6 and 5e-7.
  @Test(arguments: [1, 3, 22, 23, 100], [false, true])
  func `in chunks it is what the scores of all rows give`(chunk: Int, bias: Bool) throws {
    try withoutLeaks {
      let plain = try result(chunk: nil, bias: bias)
      let got = try result(chunk: chunk, bias: bias)
      #expect(abs(got.loss - plain.loss) < 5e-5 && gap(got.gradient, plain.gradient) < 4e-6)
      #expect(try gap(result(chunk: chunk, bias: bias, shift: 1).gradient, plain.gradient) > 0.1)
    }
  }

  @Test func `what comes behind the loss scales its gradient`() throws {
    let one = try result(chunk: 5, bias: false)
    let half = try result(chunk: 5, bias: false, factor: 0.5)
    #expect(half.gradient == one.gradient.map { $0 * 0.5 })
  }

  @Test func `without a graph the loss is the same`() throws {
    let random = try RandomSource(seed: 5)
    let (x, weight) = (try random.normal([rows, width]), try random.normal([vocabulary, width]))
    let labels = try Tensor((0..<Int64(rows)).map { $0 % Int64(vocabulary) })
    func loss() throws -> Double { try x.vocabularyLoss(weight: weight, bias: nil, labels: labels, chunk: 4).item() }
    let plain = try loss()
    try x.setRequiresGradient(true)
    #expect(try loss() == plain && withoutGradients(loss) == plain)
  }

  @Test func `scores far from each other are no trouble`() throws {
    let x = try Tensor([300, -300] as [Float], shape: [2, 1])
    try x.setRequiresGradient(true)
    let weight = try Tensor([1, -1, 0] as [Float], shape: [3, 1])
    let loss = try x.vocabularyLoss(weight: weight, bias: nil, labels: Tensor([0, 0] as [Int64]), chunk: 2)
    #expect(try loss.item() == 600)
    try loss.backward()
    #expect(try #require(try x.gradient()).values() == [0, -2] as [Float])
  }
}
