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

  /// Few rows, whose width is whole panels, are one pass over the vocabulary: pieces of 2,048 and 4,096 rows of the table here, on one thread and two.
  @Test(arguments: [1, 3, 8, 9, 16, 24, 33, 64], [1, 2])
  func `few rows are one pass over the vocabulary`(rows: Int, threads: Int) throws {
    let before = Engine.threads
    Engine.threads = threads
    defer { Engine.threads = before }
    let random = try RandomSource(seed: 6)
    for (width, vocabulary, hasBias) in [(16, 5_000, true), (32, 9_001, false)] {
      let weight = try random.normal([vocabulary, width])
      let bias = hasBias ? try random.normal([vocabulary]) : nil
      let x = try random.normal([rows, width])
      let chosen = (0..<Int64(rows)).map { $0 * 977 % Int64(vocabulary - 1) }
      let (labels, others) = (try Tensor(chosen), try Tensor(chosen.map { $0 + 1 }))
      func run(_ loss: (Tensor) throws -> Tensor) throws -> (loss: Double, gradient: [Float]) {
        let leaf = try x.cloned()
        try leaf.setRequiresGradient(true)
        let value = try loss(leaf)
        try value.backward()
        return (try value.item(), try #require(try leaf.gradient()).values())
      }
      let got = try run { try $0.vocabularyLoss(weight: weight, bias: bias, labels: labels, chunk: 64) }
      let plain = try run {
        try $0.converted(to: .float64).matmul(weight.transposed().converted(to: .float64))
          .plus(bias?.converted(to: .float64)).crossEntropy(labels).sum()
      }
      let shifted = try run { try $0.vocabularyLoss(weight: weight, bias: bias, labels: others, chunk: 64) }
      // From float64, gradients being near 4: measured 6.2e-6, and 4.2e-8 of the loss.
      #expect(abs(got.loss - plain.loss) < 2e-7 * abs(plain.loss))
      #expect(gap(got.gradient, plain.gradient) < 1e-5)
      #expect(gap(shifted.gradient, plain.gradient) > 0.1)
      let unrecorded = try withoutGradients {
        try x.vocabularyLoss(weight: weight, bias: bias, labels: labels, chunk: 64)
      }
      #expect(try unrecorded.item() == got.loss)
    }
  }

  @Test func `the gradient of a label that is nearly certain is exact`() throws {
    // p = 1 - 2 e^-40 at the label: what is left of it must not be lost in 1 - p.
    let x = try Tensor([40] + [Float](repeating: 0, count: 15), shape: [1, 16])
    try x.setRequiresGradient(true)
    let weight = try Tensor.identity(rows: 3, columns: 16)
    try x.vocabularyLoss(weight: weight, bias: nil, labels: Tensor([0] as [Int64]), chunk: 4).backward()
    let gradient: [Float] = try #require(try x.gradient()).values()
    let rest = Float(4.248354e-18)  // e^-40
    for (got, expected) in zip(gradient, [-2 * rest, rest, rest]) { #expect(abs(got - expected) < 1e-5 * rest) }
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

extension Tensor {
  fileprivate func plus(_ bias: Tensor?) throws(TensorError) -> Tensor {
    try bias.map { bias throws(TensorError) in try self + bias } ?? self
  }
}
