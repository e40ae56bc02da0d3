#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How the learning rate changes over a run; transformers' `get_*_schedule_with_warmup`.
public enum Schedule: String, Sendable, CaseIterable {
  /// Rises over the warm-up, then falls to zero in a straight line.
  case linear
  /// Rises over the warm-up, then falls to zero along half a cosine.
  case cosine
  /// Rises over the warm-up, then stays.
  case constant

  /// The factor on the learning rate at one update.
  ///
  /// - Parameters:
  ///   - step: number of the update, counted from 0.
  ///   - warmup: updates over which the rate rises from zero.
  ///   - total: updates of the whole run.
  public func factor(step: Int, warmup: Int, total: Int) -> Double {
    if step < warmup { return Double(step) / Double(max(1, warmup)) }
    let left = Double(total - step) / Double(max(1, total - warmup))
    switch self {
    case .linear: return max(0, left)
    case .cosine: return max(0, 0.5 * (1 + cos(Double.pi * (1 - left))))
    case .constant: return 1
    }
  }
}
