/// A regular expression as steps, in the order in which a backtracking matcher would try them.
///
/// Reference: Thompson 1968; Cox 2009, "Regular Expression Matching: the Virtual Machine Approach".
struct PatternProgram {
  enum Step {
    /// Reads a scalar of set number `set`.
    case read(set: Int, next: Int)
    /// Goes on at `first`; if nothing comes of it, at `second`.
    case fork(first: Int, second: Int)
    /// Goes on if the next scalar is of the set, or none is left and `orEnd` says so.
    case ahead(set: Int, orEnd: Bool, next: Int)
    case match
  }

  private(set) var steps: [Step] = [.match]
  private(set) var sets: [ScalarSet] = []
  private(set) var start = 0

  /// More than this many steps, or different sets, are refused.
  static let mostSteps = 4096
  static let mostSets = 64

  /// - Returns: `nil` for a pattern of too many steps.
  init?(_ node: PatternNode) {
    guard let first = compile(node, then: 0), sets.count <= Self.mostSets else { return nil }
    start = first
  }

  /// Puts the steps of an expression before step `next`; the first of them.
  private mutating func compile(_ node: PatternNode, then next: Int) -> Int? {
    switch node {
    case .scalar(let set): return add(.read(set: number(of: set), next: next))
    case .ahead(let set, let orEnd): return add(.ahead(set: number(of: set), orEnd: orEnd, next: next))
    case .sequence(let parts):
      var next = next
      for part in parts.reversed() {
        guard let first = compile(part, then: next) else { return nil }
        next = first
      }
      return next
    case .choice(let parts):
      guard var first = parts.last.flatMap({ compile($0, then: next) }) else { return nil }
      for part in parts.dropLast().reversed() {
        guard let part = compile(part, then: next), let fork = add(.fork(first: part, second: first)) else {
          return nil
        }
        first = fork
      }
      return first
    case .repeated(let part, let repetition): return compile(part, repetition, then: next)
    }
  }

  private mutating func compile(_ part: PatternNode, _ repetition: PatternRepetition, then next: Int) -> Int? {
    // `x++` gives nothing back: it ends where no x follows. That is a look-ahead, since x is one scalar.
    var exit = next
    if repetition.preference == .possessive, case .scalar(let set) = part {
      guard let ahead = add(.ahead(set: number(of: set.inverted), orEnd: true, next: next)) else { return nil }
      exit = ahead
    }
    let isLazy = repetition.preference == .lazy
    var first: Int
    if let most = repetition.most {
      // x{2,4}: xx(x(x)?)?
      first = next
      for _ in repetition.least..<most {
        guard let copy = compile(part, then: first),
          let fork = add(isLazy ? .fork(first: exit, second: copy) : .fork(first: copy, second: exit))
        else { return nil }
        first = fork
      }
    } else {
      guard let loop = add(.match), let copy = compile(part, then: loop) else { return nil }
      steps[loop] = isLazy ? .fork(first: exit, second: copy) : .fork(first: copy, second: exit)
      first = loop
    }
    for _ in 0..<repetition.least {
      guard let copy = compile(part, then: first) else { return nil }
      first = copy
    }
    return first
  }

  private mutating func add(_ step: Step) -> Int? {
    guard steps.count < Self.mostSteps else { return nil }
    steps.append(step)
    return steps.count - 1
  }

  private mutating func number(of set: ScalarSet) -> Int {
    if let known = sets.firstIndex(of: set) { return known }
    sets.append(set)
    return sets.count - 1
  }
}
