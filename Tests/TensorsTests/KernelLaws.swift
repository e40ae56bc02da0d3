import Tensors
import Testing

/// What tests of kernels share: a kernel is what the operations of its formula are.
protocol KernelLaws {
  var random: RandomSource { get }
}

extension KernelLaws {
  func normal(_ shape: Int...) throws -> Tensor { try random.normal(shape, deviation: 1) }

  /// The largest difference of two tensors over the largest entry of the first.
  func difference(_ a: Tensor, _ b: Tensor) throws -> Double {
    #expect(a.shape == b.shape)
    return try (a - b).abs().max().item() / max(1e-30, a.abs().max().item())
  }

  /// Values and gradients of two ways to compute one thing, from the same leaves.
  func expectSame(
    _ leaves: [Tensor], within bound: Double = 2e-6, unrecordedWithin rounding: Double = 0,
    _ kernel: ([Tensor]) throws -> [Tensor],
    _ plain: ([Tensor]) throws -> [Tensor],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func run(_ way: ([Tensor]) throws -> [Tensor]) throws -> (values: [Tensor], gradients: [Tensor]) {
      var inputs: [Tensor] = []
      for leaf in leaves {
        let input = try leaf.cloned()
        try input.setRequiresGradient(true)
        inputs.append(input)
      }
      let values = try way(inputs)
      let weights = try RandomSource(seed: 11)
      var loss: Tensor?
      for value in values {
        let term = try (value * weights.normal(value.shape, deviation: 1)).sum()
        loss = if let loss { try loss + term } else { term }
      }
      try loss?.backward()
      return (try values.map { try $0.detached() }, try inputs.map { try #require(try $0.gradient()) })
    }
    let (a, b) = (try run(plain), try run(kernel))
    let unrecorded = try withoutGradients { try kernel(leaves) }
    for (x, y) in zip(a.values, b.values) { #expect(try difference(x, y) < bound, sourceLocation: sourceLocation) }
    for (x, y) in zip(b.values, unrecorded) {
      #expect(try difference(x, y) <= rounding, sourceLocation: sourceLocation)
    }
    for (x, y) in zip(a.gradients, b.gradients) {
      #expect(try difference(x, y) < bound, sourceLocation: sourceLocation)
    }
    // Negative control: other inputs give other values and gradients, by far more than the bound.
    #expect(try difference(a.values[0], a.values[0] * 1.0001) > bound, sourceLocation: sourceLocation)
  }

  /// Every other column range of a wider tensor, so that rows have gaps.
  func gapped(_ x: Tensor, _ width: Int) throws -> Tensor { try x.narrowed(x.shape.count - 1, 1..<1 + width) }
}
