import CTorchShim

extension Tensor {
  /// `body(self)`, whose inner activations are not kept for the backward pass: that runs the body again.
  ///
  /// Gradients are those of the body itself, for `self` and for every trained leaf that the body computes with; a leaf that several
  /// bodies share gets its sum in another order. The body must do the same each time it is called.
  ///
  /// - Parameter random: a stream that the body draws from; the second time it draws the same numbers.
  public func recomputing(
    drawing random: RandomSource? = nil, _ body: @escaping (Tensor) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Tensor {
    let part = RecomputedPart(body, random, state: try random?.state())
    let context = Unmanaged.passRetained(part).toOpaque()
    do throws(TensorError) {
      return try perform("recomputing", [self]) { out in
        reft_recompute(
          handle, RecomputedPart.call, context,
          { Unmanaged<RecomputedPart>.fromOpaque($0).release() }, out)
      }
    } catch {
      // The body's own error says more than the engine, which only passed it on.
      throw part.failure ?? error
    }
  }
}

/// What the engine calls in the forward pass, and again in the backward pass.
private final class RecomputedPart {
  private let body: (Tensor) throws(TensorError) -> Tensor
  private let random: RandomSource?
  /// Where the stream stood before the forward pass.
  private let state: [UInt8]?
  private(set) var failure: TensorError?

  init(
    _ body: @escaping (Tensor) throws(TensorError) -> Tensor, _ random: RandomSource?, state: [UInt8]?
  ) {
    (self.body, self.random, self.state) = (body, random, state)
  }

  private func run(_ input: Tensor, again: Bool) throws(TensorError) -> Tensor {
    guard again, let random, let state else { return try body(input) }
    let now = try random.state()
    try random.restore(state: state)
    let output = try body(input)
    try random.restore(state: now)
    return output
  }

  static let call: ReftPart = { context, input, again, out in
    let part = Unmanaged<RecomputedPart>.fromOpaque(context).takeUnretainedValue()
    do throws(TensorError) {
      let output = try part.run(Tensor(owning: input), again: again)
      return reft_retain(output.handle, out)
    } catch {
      part.failure = error
      return REFT_FAILED
    }
  }
}
