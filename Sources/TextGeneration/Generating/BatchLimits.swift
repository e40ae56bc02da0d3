/// How much is computed at once.
public struct BatchLimits: Sendable, Equatable {
  /// Rows of prompts that one forward pass reads, at least 1; a prompt that does not fit is read in pieces.
  public var tokens: Int
  /// Sequences that grow side by side, at least 1.
  public var sequences: Int

  /// Limits; what is below 1 counts as 1.
  ///
  /// - Parameters:
  ///   - tokens: 2,048 rows keep two cores busy, and their activations within some 100 MB for a small model.
  ///   - sequences: a step reads all weights once, for one row or for 32.
  public init(tokens: Int = 2048, sequences: Int = 32) {
    self.tokens = max(1, tokens)
    self.sequences = max(1, sequences)
  }

  /// Groups sequences into packed batches: long ones first, at most so many tokens and sequences a batch.
  ///
  /// A sequence longer than the limit is a batch of its own.
  public func batches(lengths: [Int], of indices: [Int]) -> [[Int]] {
    var batches: [[Int]] = []
    var room = 0
    for index in indices {
      if room >= lengths[index], let last = batches.last, last.count < sequences {
        batches[batches.count - 1].append(index)
      } else {
        batches.append([index])
        room = tokens
      }
      room -= lengths[index]
    }
    return batches
  }

  /// Indices of some lengths, the longest first; equals in their order.
  public static func longestFirst(_ lengths: [Int]) -> [Int] {
    lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
  }
}
