public import JSON

extension Recipe {
  /// Every field, defaults included, as it stands in a recipe file; what a run keeps of how it was made.
  public var json: JSONObject {
    var method: JSONObject = ["name": .string(self.method.name)]
    for (key, value) in self.method.configuration { method[key] = value }
    return [
      "model": ["path": .string(model.path), "device": .string(model.device), "dtype": .string(model.dtype)],
      "data": [
        "train": .string(data.train), "validation": value(data.validation), "format": .string(data.format),
        "limit": value(data.limit), "seed": value(data.seed),
      ],
      "method": .object(method),
      "locations": value(locations),
      "positions": .string(positions.rawValue),
      "beneath": .array(beneath.map { .string($0) }),
      "objective": [
        "name": .string(objective.name.rawValue), "layers": value(objective.layers), "alpha": .number(objective.alpha),
        "tokens": .integer(objective.tokens),
      ],
      "training": .object(training.json),
      "output": .string(output),
    ]
  }

  /// The recipe as YAML text that `load` reads back as the same recipe.
  public var yaml: String {
    get throws(RecipeError) { try RecipeNode.yaml(.object(json)) }
  }
}

extension Recipe.Training {
  fileprivate var json: JSONObject {
    [
      "epochs": .integer(epochs), "batch_size": .integer(batchSize), "micro_batch_tokens": value(microBatchTokens),
      "accumulation": .integer(accumulation), "learning_rate": .number(learningRate),
      "schedule": .string(schedule.rawValue), "warmup_ratio": .number(warmupRatio),
      "weight_decay": .number(weightDecay), "betas": .array(betas.map { .number($0) }), "epsilon": .number(epsilon),
      "gradient_clip": gradientClip.map { .number($0) } ?? .null, "l1_penalty": .number(l1Penalty),
      "seed": .integer(seed), "patience": value(patience), "max_length": .integer(maxLength),
      "cache_trunk": .string(cacheTrunk.rawValue), "checkpointing": .string(checkpointing.rawValue),
    ]
  }
}

private func value(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
private func value(_ number: Int?) -> JSONValue { number.map { .integer($0) } ?? .null }
