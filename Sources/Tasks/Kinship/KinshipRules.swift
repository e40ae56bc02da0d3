/// Composes two relations by rewriting steps up, down, aside and across a marriage; it never sees a family graph.
///
/// A relation is a short path of steps. Two paths are joined, and where they meet a rule shortens them:
///
///     parent then child   = sibling        sibling then sibling = sibling
///     sibling then parent = parent         child then sibling   = child
///     spouse then child   = child          parent then spouse   = parent
///     spouse then spouse  = nobody else    child then parent    = open (oneself or the spouse)
///
/// A path that no rule shortens further is looked up among the paths of the known relations. People of a story have
/// different names, so that A's parent's child is never A; but A's grandparent's child may be A's parent, and A's parent's
/// grandchild A's own child: hence the two rules that make a sibling hold only for paths of two steps. Aunts, uncles,
/// nieces and nephews may come by marriage, from a family that the path does not know: what follows from them is left open,
/// but for an aunt or uncle at the end of a path.
enum KinshipRules {
  enum Step: Sendable { case parent, child, sibling, spouse }

  /// The one relation that follows from A's `first` being B and B's `second` being C, or `nil` where none or several may.
  static func compose(_ first: Relation, _ second: Relation) -> Relation? {
    let impossible = (second == .wife || second == .husband) && first.gender == second.gender
    let byMarriage: [Relation] = [.aunt, .uncle, .niece, .nephew]
    let open = byMarriage.contains(first) || second == .niece || second == .nephew
    guard !impossible, !open, let path = shorten(steps(first) + steps(second)) else { return nil }
    return Relation.allCases.first { $0.gender == second.gender && steps($0) == path }
  }

  /// The steps from A to B where B is A's `relation`; the blood relation for those that may also come by marriage.
  static func steps(_ relation: Relation) -> [Step] {
    switch relation {
    case .mother, .father: [.parent]
    case .daughter, .son: [.child]
    case .sister, .brother: [.sibling]
    case .wife, .husband: [.spouse]
    case .grandmother, .grandfather: [.parent, .parent]
    case .granddaughter, .grandson: [.child, .child]
    case .aunt, .uncle: [.parent, .sibling]
    case .niece, .nephew: [.sibling, .child]
    case .motherInLaw, .fatherInLaw: [.spouse, .parent]
    case .daughterInLaw, .sonInLaw: [.child, .spouse]
    }
  }

  private static func shorten(_ path: [Step]) -> [Step]? {
    var done: [Step] = []
    for step in path {
      guard let last = done.last else {
        done.append(step)
        continue
      }
      switch (last, step) {
      case (.parent, .child), (.sibling, .sibling):
        guard path.count == 2 else { return nil }
        done = [.sibling]
      case (.child, .sibling), (.parent, .spouse): break
      case (.sibling, .parent), (.spouse, .child): done[done.count - 1] = step
      case (.spouse, .spouse), (.child, .parent): return nil
      default: done.append(step)
      }
    }
    return done
  }
}
