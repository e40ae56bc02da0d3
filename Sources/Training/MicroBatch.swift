/// Splits one optimiser batch into pieces that fit a token budget.
enum MicroBatch {
  /// Groups whole examples, longest first, so that each piece holds at most `budget` tokens (or one example).
  ///
  /// The gradient does not depend on the split: every piece adds its summed loss, divided by the labels of the whole batch.
  static func split(_ examples: [TrainingExample], budget: Int) -> [[TrainingExample]] {
    var pieces: [[TrainingExample]] = []
    var room = 0
    // Sorted by length with ties in order, so that the same batch always makes the same pieces.
    let sorted = examples.enumerated().sorted {
      ($1.element.tokens.count, $0.offset) < ($0.element.tokens.count, $1.offset)
    }
    for (_, example) in sorted {
      let tokens = example.tokens.count - 1
      if tokens > room || pieces.isEmpty {
        pieces.append([])
        room = budget
      }
      pieces[pieces.count - 1].append(example)
      room -= tokens
    }
    return pieces
  }
}
