/// What one person is to another: "B is A's mother" is the relation `.mother` from A to B.
///
/// The eighteen answers are those of CLUTRR (Sinha et al. 2019, table of relations); `husband` and `wife` occur in stories
/// alone, never as an answer.
public enum Relation: String, Sendable, CaseIterable {
  case aunt, brother, daughter
  case daughterInLaw = "daughter-in-law"
  case father
  case fatherInLaw = "father-in-law"
  case granddaughter, grandfather, grandmother, grandson, mother
  case motherInLaw = "mother-in-law"
  case nephew, niece, sister, son
  case sonInLaw = "son-in-law"
  case uncle, husband, wife

  /// The relations that may be asked for, in alphabetical order.
  public static let answers: [Relation] = allCases.filter { $0 != .husband && $0 != .wife }

  /// The gender of the person who *is* the aunt, brother and so on.
  public var gender: Gender {
    switch self {
    case .aunt, .daughter, .daughterInLaw, .granddaughter, .grandmother, .mother, .motherInLaw, .niece, .sister, .wife:
      .female
    case .brother, .father, .fatherInLaw, .grandfather, .grandson, .husband, .nephew, .son, .sonInLaw, .uncle:
      .male
    }
  }
}

/// The gender of a person in a story, which chooses the name, the pronoun and the word for a relation.
public enum Gender: String, Sendable, CaseIterable {
  case female, male

  /// The gender of the spouse.
  public var other: Gender { self == .female ? .male : .female }
  /// "her" or "his".
  public var possessive: String { self == .female ? "her" : "his" }
}
