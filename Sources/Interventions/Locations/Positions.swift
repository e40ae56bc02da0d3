/// Which positions of a sequence are edited.
///
/// A pure function of the specification and the prompt length, in absolute positions of real tokens, so that the result is
/// the same for one row or a batch, for whole or chunked prefill, with or without a cache.
public enum Positions: Sendable, Hashable, CustomStringConvertible {
  /// Every token of prompt and response.
  case all
  /// Every prompt token.
  case prompt
  /// Every token after the prompt.
  case generated
  /// The first `first` and last `last` prompt tokens; `tied` when both ends share one intervention.
  case ends(first: Int, last: Int, tied: Bool)

  /// Prompt tokens by their place, inclusive; negative places count from the prompt's end, -1 its last token.
  case at(from: Int, through: Int)
  /// Every position that one of these has, none of them `all` or untied; one intervention for all of them.
  case union([Positions])

  /// One side of ``ends(first:last:tied:)``.
  public enum Side: Sendable, Hashable {
    /// One intervention for both ends, or that of the prefix or of the suffix alone.
    case both, first, last
  }

  /// How the ends of a short prompt are cut.
  public enum Rule: String, Sendable, Hashable, CaseIterable {
    /// The paper's: p' = min(p, floor(n/2)), s' = min(s, ceil(n/2)) where both ends are asked for; min(p, n) for one alone.
    case exact
    /// pyreft's code: min(p, n // 2) and min(s, n // 2), always; leaves out the middle token of a short odd prompt.
    case pyreft
  }

  /// `all`, `prompt`, `generated`, `f7`, `l7`, `f7+l7` (tied), `f7|l7` (untied), `3`, `-4..-2`, `f7+l7+generated`.
  public var description: String {
    switch self {
    case .all: "all"
    case .prompt: "prompt"
    case .generated: "generated"
    case .ends(let first, 0, _): "f\(first)"
    case .ends(0, let last, _): "l\(last)"
    case .ends(let first, let last, let tied): "f\(first)\(tied ? "+" : "|")l\(last)"
    case .at(let from, let through): from == through ? "\(from)" : "\(from)..\(through)"
    case .union(let terms): terms.map(\.description).joined(separator: "+")
    }
  }

  /// The sides that get an intervention of their own: two for untied ends, else one.
  public var sides: [Side] {
    if case .ends(let first, let last, false) = self, first > 0, last > 0 { return [.first, .last] }
    return [.both]
  }

  /// The edited positions of a sequence whose prompt has `n` tokens, as ascending ranges that do not overlap.
  public func ranges(promptLength n: Int, side: Side = .both, rule: Rule = .exact) -> [Range<Int>] {
    switch self {
    case .all: return [0..<Int.max]
    case .prompt: return [0..<n]
    case .generated: return [n..<Int.max]
    case .ends(let first, let last, _):
      let room: (first: Int, last: Int) =
        switch rule {
        case .pyreft: (n / 2, n / 2)
        case .exact where first == 0 || last == 0: (n, n)
        case .exact: (n / 2, n - n / 2)
        }
      let prefix = 0..<(side == .last ? 0 : min(first, room.first))
      let suffix = (n - (side == .first ? 0 : min(last, room.last)))..<n
      return [prefix, suffix].filter { !$0.isEmpty }
    case .at(let from, let through):
      let lower = max(0, from < 0 ? n + from : from)
      let upper = min(n, (through < 0 ? n + through : through) + 1)
      return lower < upper ? [lower..<upper] : []
    case .union(let terms):
      var merged: [Range<Int>] = []
      for range in terms.flatMap({ $0.ranges(promptLength: n, rule: rule) }).sorted(by: {
        $0.lowerBound < $1.lowerBound
      }) {
        if let last = merged.last, range.lowerBound <= last.upperBound {
          merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
          merged.append(range)
        }
      }
      return merged
    }
  }
}
