/// What happens in a run, for progress bars and metric files.
public enum TrainingEvent: Sendable {
  /// One optimiser update.
  case step(StepMetrics)
  /// The end of a pass over the data.
  case epoch(EpochMetrics)
}

/// One optimiser update.
public struct StepMetrics: Sendable, Equatable {
  /// Number of the update, counted from 1.
  public let step: Int
  /// Updates of the whole run.
  public let totalSteps: Int
  /// Passes over the data so far, as a fraction.
  public let epoch: Double
  /// Mean cross entropy of the batch's response tokens, in nats; without the L1 term.
  public let loss: Double
  /// The rate of this update, schedule applied.
  public let learningRate: Double
  /// Norm of all gradients together, before clipping.
  public let gradientNorm: Double
  /// Tokens of the batch that were computed (no padding exists).
  public let tokens: Int
  /// ``tokens`` by the seconds of this update, forward and backward.
  public let tokensPerSecond: Double
}

/// One pass over the training data.
public struct EpochMetrics: Sendable, Equatable {
  /// Counted from 1.
  public let epoch: Int
  /// Mean cross entropy over all response tokens of the epoch, as they were learned.
  public let loss: Double
  /// Mean cross entropy of the validation records afterwards.
  public let validationLoss: Double?
  /// Whether the validation loss is the best so far (always true without validation records).
  public let isBest: Bool

  /// One pass, such as a metrics file tells of it.
  public init(epoch: Int, loss: Double, validationLoss: Double?, isBest: Bool) {
    self.epoch = epoch
    self.loss = loss
    self.validationLoss = validationLoss
    self.isBest = isBest
  }
}
