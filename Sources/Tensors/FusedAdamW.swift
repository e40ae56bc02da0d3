import CTorchShim

/// One AdamW update of many tensors at once, in place, by the engine's fused kernel.
///
/// `m <- b1 m + (1-b1) g`, `v <- b2 v + (1-b2) g^2`, `p <- p (1 - lr wd) - lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)`:
/// decoupled weight decay and bias correction as `torch.optim.AdamW` has them (arXiv 1711.05101).
public struct FusedAdamW: Sendable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

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
