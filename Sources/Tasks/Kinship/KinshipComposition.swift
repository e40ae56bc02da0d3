/// Two stated relations and the one that follows: A's `first` is B, B's `second` is C, hence A's `answer` is C.
public struct KinshipComposition: Sendable, Hashable {
  /// What B is to A.
  public let first: Relation
  /// What C is to B.
  public let second: Relation
  /// What C then is to A.
  public let answer: Relation

  /// The two stated relations as one name, such as `mother-brother`.
  public var name: String { "\(first.rawValue)-\(second.rawValue)" }

  /// The compositions that the puzzles use: those of CLUTRR's two-hop subset that determine their answer.
  ///
  /// CLUTRR has eight more, left out because a true reading leaves them open: a daughter's or son's grandmother may be the
  /// mother or the mother-in-law (and so for the grandfather), and a child's aunt or uncle may be the spouse's sibling.
  public static let all: [KinshipComposition] =
    starts.flatMap { first, seconds in
      seconds.compactMap { second in
        KinshipRules.compose(first, second).map { KinshipComposition(first: first, second: second, answer: $0) }
      }
    }

  private static let starts: [(first: Relation, seconds: [Relation])] = [
    (.brother, siblingSteps), (.sister, siblingSteps),
    (.father, parentSteps), (.mother, parentSteps),
    (.son, [.brother, .sister, .son, .daughter, .wife]), (.daughter, [.brother, .sister, .son, .daughter, .husband]),
    (.grandson, [.brother, .sister]), (.granddaughter, [.brother, .sister]),
    (.husband, spouseSteps), (.wife, spouseSteps),
  ]
  private static let siblingSteps: [Relation] = [
    .brother, .sister, .father, .mother, .grandfather, .grandmother, .son, .daughter,
  ]
  private static let parentSteps: [Relation] = [.brother, .sister, .father, .mother, .son, .daughter]
  private static let spouseSteps: [Relation] = [.father, .mother, .son, .daughter, .grandson, .granddaughter]
}
