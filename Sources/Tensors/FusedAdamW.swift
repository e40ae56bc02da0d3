import CTorchShim

/// One AdamW update of many tensors at once, in place, by the engine's fused kernel.
///
/// `m <- b1 m + (1-b1) g`, `v <- b2 v + (1-b2) g^2`, `p <- p (1 - lr wd) - lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)`:
/// decoupled weight decay and bias correction as `torch.optim.AdamW` has them (arXiv 1711.05101).
public struct FusedAdamW: Sendable {
  /// Decay of the first moment m, b1 in `0..<1`.
  public var beta1: Double
  /// Decay of the second moment v, b2 in `0..<1`.
  public var beta2: Double
  /// Added to the root of the second moment, after its bias correction.
  public var epsilon: Double
  /// Decoupled decay wd; each update shrinks the parameters by `lr wd` of themselves.
  public var weightDecay: Double

  /// The constants of the rule, all explicit; `torch.optim.AdamW` has 0.9, 0.999, 1e-8 and 0.01.
  public init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Moves parameters and moments, all in place, outside of any graph.
  ///
  /// The four lists go together by index, with one shape each.
  ///
  /// - Parameter step: the number of this update, counted from 1.
  public func update(
    _ parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], step: Int,
    learningRate: Double
  ) throws(TensorError) {
    try perform("AdamW", parameters) {
      reft_fused_adamw(
        parameters.map(\.handle), gradients.map(\.handle), firstMoments.map(\.handle), secondMoments.map(\.handle),
        Int32(parameters.count), Int64(step), learningRate, beta1, beta2, weightDecay, epsilon)
    }
  }
}
