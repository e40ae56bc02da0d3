public import Tensors

/// A pass that keeps the rows between its blocks alone: the backward pass runs each block again (gradient checkpointing,
/// arXiv 1604.06174).
public struct Recomputation {
  /// The stream that edits draw from, which gives the same numbers again.
  public let random: RandomSource?

  /// Recomputation of a pass whose dropout and gates draw from this stream.
  public init(drawing random: RandomSource? = nil) { self.random = random }
}
