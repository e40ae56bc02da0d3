public import JSON

/// The numbers of a training run.
public struct TrainingSettings: Sendable, Equatable {
  /// Passes over the training data.
  public var epochs: Int
  /// Examples of one optimiser update are `batchSize * accumulation`.
  public var batchSize: Int
  /// Batches that are summed up for one update; with one loss mean over all of them, so only the product counts.
  public var accumulation: Int
  /// Tokens that are computed at once; bounds memory, changes no result.
  public var microBatchTokens: Int
  /// The highest rate, which the schedule scales.
  public var learningRate: Double
  /// How the rate changes over the run.
  public var schedule: Schedule
  /// Share of all updates over which the learning rate rises.
  public var warmupRatio: Double
  /// Decoupled decay of all trained values; 0 in the LoReFT settings of the ReFT paper (appendix D).
  public var weightDecay: Double
  /// Decay of the gradients' mean, in `0..<1`.
  public var beta1: Double
  /// Decay of the squared gradients' mean, in `0..<1`.
  public var beta2: Double
  /// Added to the root of the squared gradients' mean.
  public var epsilon: Double
  /// Largest norm of all gradients together; `nil` for no clipping.
  public var gradientClip: Double?
  /// Factor lambda on the sum of absolute values of all trainable entries (LoFiT stage 1).
  public var l1: Double
  /// Decides the order of the examples and what dropout zeroes.
  public var seed: UInt64
  /// Epochs without a better validation loss after which the run ends; `nil` to run them all.
  public var patience: Int?
  /// Whether what is the same in every epoch is computed once; changes results by rounding alone.
  public var cacheTrunk: TrunkCaching
  /// Whether blocks are run again in the backward pass; changes memory and time, and no result.
  public var checkpointing: Checkpointing

  /// Settings that are not checked yet; ``check()`` does that.
  ///
  /// Defaults: AdamW, schedule and clipping as transformers' `TrainingArguments` has them; batch 8, five epochs and seed
  /// 42 as LoFiT's scripts (the ReFT paper's first seed is 42 too); the 2,048 tokens at once are ours and change memory
  /// alone. The learning rate has none that fits all methods.
  public init(
    epochs: Int = 5, batchSize: Int = 8, accumulation: Int = 1, microBatchTokens: Int = 2048, learningRate: Double,
    schedule: Schedule = .linear, warmupRatio: Double = 0, weightDecay: Double = 0, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, gradientClip: Double? = 1, l1: Double = 0, seed: UInt64 = 42,
    patience: Int? = nil, cacheTrunk: TrunkCaching = .auto,
    checkpointing: Checkpointing = .auto
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
    self.cacheTrunk = cacheTrunk
    self.checkpointing = checkpointing
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
      "patience": patience.map(JSONValue.integer) ?? .null, "cache_trunk": .string(cacheTrunk.rawValue),
    ]
  }
}
