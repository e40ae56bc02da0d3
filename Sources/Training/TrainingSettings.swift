public import JSON

/// The numbers of a training run.
public struct TrainingSettings: Sendable, Equatable {
  /// Passes over the training data.
  public var epochs: Int
  /// Examples of one optimiser update are `batchSize * accumulation`.
  public var batchSize: Int
  public var accumulation: Int
  /// Tokens that are computed at once; bounds memory, changes no result.
  public var microBatchTokens: Int
  public var learningRate: Double
  public var schedule: Schedule
  /// Share of all updates over which the learning rate rises.
  public var warmupRatio: Double
  public var weightDecay: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// Largest norm of all gradients together; `nil` for no clipping.
  public var gradientClip: Double?
  /// Factor lambda on the sum of absolute values of all trainable entries (LoFiT stage 1).
  public var l1: Double
  public var seed: UInt64
  /// Epochs without a better validation loss after which the run ends; `nil` to run them all.
  public var patience: Int?

  /// Defaults: AdamW and clipping as transformers' `TrainingArguments` has them; batch 8 and five epochs as LoFiT's
  /// scripts; the learning rate has none that fits all methods.
  public init(
    epochs: Int = 5, batchSize: Int = 8, accumulation: Int = 1, microBatchTokens: Int = 2048, learningRate: Double,
    schedule: Schedule = .linear, warmupRatio: Double = 0, weightDecay: Double = 0, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, gradientClip: Double? = 1, l1: Double = 0, seed: UInt64 = 42,
    patience: Int? = nil
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.accumulation = accumulation
    self.microBatchTokens = microBatchTokens
    self.learningRate = learningRate
    self.schedule = schedule
    self.warmupRatio = warmupRatio
    self.weightDecay = weightDecay
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.gradientClip = gradientClip
    self.l1 = l1
    self.seed = seed
    self.patience = patience
  }

  /// Everything that must be the same for a run to go on as it began.
  public var json: JSONObject {
    [
      "epochs": .integer(epochs), "batch_size": .integer(batchSize), "accumulation": .integer(accumulation),
      "micro_batch_tokens": .integer(microBatchTokens), "learning_rate": .number(learningRate),
      "schedule": .string(schedule.rawValue), "warmup_ratio": .number(warmupRatio),
      "weight_decay": .number(weightDecay), "beta1": .number(beta1), "beta2": .number(beta2),
      "epsilon": .number(epsilon), "gradient_clip": gradientClip.map(JSONValue.number) ?? .null,
      "l1": .number(l1), "seed": .integer(Int(truncatingIfNeeded: seed)),
      "patience": patience.map(JSONValue.integer) ?? .null,
    ]
  }
}
