public import LanguageModels
import Tensors

/// How sequences grow by one token each.
public enum DecodingSteps: String, Sendable {
  /// In memory that grows with each sequence; a step is made for the sequences that are there.
  case growing
  /// In slots of a fixed shape, so that a GPU gets a step as one recorded piece.
  case slots

  /// What is faster for a model where it lies: a GPU waits for the host that launches a growing step's kernels one by one, the CPU
  /// would compute what slots have room for.
  public init(for model: any LanguageModel) {
    self = model.device != .cpu && model.takesSlots ? .slots : .growing
  }
}
