extension TrainingSettings {
  /// Refuses numbers that no run can be made with; a recipe has checked its own already, a library user may not have.
  ///
  /// - Throws: ``TrainingError/setting(key:expected:got:)`` for the first that is out of range.
  public func check() throws(TrainingError) {
    func demand(_ holds: Bool, _ key: String, _ expected: String, _ got: some Sendable) throws(TrainingError) {
      guard holds else { throw .setting(key: key, expected: expected, got: "\(got)") }
    }
    // Their products are counts of steps and examples: the upper bound keeps them far from overflow.
    for (key, count) in [("epochs", epochs), ("batch_size", batchSize), ("accumulation", accumulation)] {
      try demand((1...1_000_000).contains(count), key, "a number in 1...1000000", count)
    }
    try demand(learningRate > 0 && learningRate.isFinite, "learning_rate", "a number above 0", learningRate)
    try demand((0...1).contains(warmupRatio), "warmup_ratio", "a number in 0...1", warmupRatio)
    try demand(weightDecay >= 0 && weightDecay.isFinite, "weight_decay", "0 or more", weightDecay)
    try demand((0..<1).contains(beta1), "beta1", "a number in 0..<1", beta1)
    try demand((0..<1).contains(beta2), "beta2", "a number in 0..<1", beta2)
    try demand(epsilon > 0 && epsilon.isFinite, "epsilon", "a number above 0", epsilon)
    try demand(l1 >= 0 && l1.isFinite, "l1", "0 or more", l1)
    if let gradientClip { try demand(gradientClip > 0, "gradient_clip", "a number above 0, or null", gradientClip) }
    if let patience { try demand(patience > 0, "patience", "a number above 0, or null", patience) }
  }
}
