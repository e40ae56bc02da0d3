/// A regular expression, parsed.
indirect enum PatternNode: Sendable, Equatable {
  /// One scalar of a set.
  case scalar(ScalarSet)
  case sequence([PatternNode])
  /// The first alternative that leads to a match.
  case choice([PatternNode])
  case repeated(PatternNode, PatternRepetition)
  /// Matches nothing, where the next scalar is of the set (or, with `orEnd`, where no scalar is left).
  case ahead(ScalarSet, orEnd: Bool)

  /// Whether the expression can match the empty text.
  var mayBeEmpty: Bool {
    switch self {
    case .scalar: false
    case .sequence(let parts): parts.allSatisfy(\.mayBeEmpty)
    case .choice(let parts): parts.contains(where: \.mayBeEmpty)
    case .repeated(let part, let repetition): repetition.least == 0 || part.mayBeEmpty
    case .ahead: true
    }
  }
}

/// How often a part of a pattern comes, and what it prefers.
struct PatternRepetition: Sendable, Equatable {
  enum Preference: Sendable, Equatable {
    /// As often as it can (`+`).
    case greedy
    /// As seldom as it can (`+?`).
    case lazy
    /// As often as it can, with nothing given back (`++`).
    case possessive
  }

  var least: Int
  /// `nil` for any number.
  var most: Int?
  var preference = Preference.greedy
}
