/// Splits one optimiser batch into pieces that fit a token budget.
enum MicroBatch {
  /// Groups whole examples, longest first, so that each piece holds at most `budget` tokens (or one example).
  ///
  /// The gradient does not depend on the split: every piece adds its summed loss, divided by the labels of the whole batch.
  static func split(_ examples: [TrainingExample], budget: Int) -> [[TrainingExample]] {
    // The last token of an example is a label and nothing else.
    split(examples, budget: budget) { $0.tokens.count - 1 }
  }

  /// Groups whole texts, longest first, so that each piece holds at most `budget` tokens (or one text).
  static func split<Text>(_ texts: [Text], budget: Int, tokens: (Text) -> Int) -> [[Text]] {
    var pieces: [[Text]] = []
    var room = 0
    // Sorted by length with ties in order, so that the same batch always makes the same pieces.
    let sorted = texts.map { (text: $0, count: tokens($0)) }.enumerated().sorted {
      ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
    }
    for (_, (text, count)) in sorted {
      if count > room || pieces.isEmpty {
        pieces.append([])
        room = budget
      }
      pieces[pieces.count - 1].append(text)
      room -= count
    }
    return pieces
  }
}
