public import Tensors

/// What one forward pass is for.
public struct EditMode {
  /// What training needs; `nil` in inference, which has no dropout.
  public var training: TrainingPass?
  /// The named parts of the rank that act, where a method has such; `nil` for all.
  public var subspaces: Set<String>?
  /// The rows of each sequence among those that the edit is given, one behind the other.
  public var sequences: [Range<Int>] = []

  /// Without dropout.
  public static var inference: EditMode { EditMode() }

  /// With a graph.
  public static func training(_ pass: TrainingPass) -> EditMode { EditMode(training: pass) }

  private init(training: TrainingPass? = nil) { self.training = training }
}

/// One forward pass of training, from the edits to the objective.
public final class TrainingPass {
  /// Feeds dropout and gates.
  public let random: RandomSource
  /// Share of the run's updates that are done, `0...1`.
  public let progress: Double
  /// Whether blocks are run again in the backward pass instead of keeping their activations.
  public let recomputes: Bool
  /// Terms of the loss that edits have added in this pass.
  public private(set) var penalties: [Tensor] = []

  /// A pass that has not begun.
  public init(random: RandomSource, progress: Double = 0, recomputes: Bool = false) {
    self.random = random
    self.progress = progress
    self.recomputes = recomputes
  }

  /// Adds a term to the loss: a scalar summed over the examples of the pass, which the trainer divides by their number.
  public func penalise(_ term: Tensor) { penalties.append(term) }
}
