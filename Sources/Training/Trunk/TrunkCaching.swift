/// Whether the activations below the lowest edit, which are the same in every epoch, are computed once and kept.
public enum TrunkCaching: String, Sendable, CaseIterable {
  /// They are computed in every epoch.
  case off
  /// They are kept in memory.
  case memory
  /// They are kept in a file of the run, which is gone when the run ends.
  case disk
  /// In memory where they take at most a quarter of what is free; else on disk where they take at most half of what is free and at
  /// least a tenth of the blocks lie below; else not at all, nor where every text is read once.
  case auto
}
