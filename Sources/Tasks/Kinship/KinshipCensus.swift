/// What two stated relations leave open, found by asking everybody in a large family, with no rule of composition at all.
struct KinshipCensus: Sendable {
  /// `outcomes[first][second]`: what C was to A whenever A's `first` was B and B's `second` was C, three different people;
  /// `nil` among them stands for a kinship that no word of `Relation` names, such as a cousin.
  private let outcomes: [[Set<Relation?>]]

  /// Asks everybody in `family`; by default the village.
  init(of family: Family = .village()) {
    let relations = Relation.allCases
    var outcomes = [[Set<Relation?>]](
      repeating: [Set<Relation?>](repeating: [], count: relations.count), count: relations.count)
    let kin = family.people.indices.map { id in relations.map { family.relatives($0, of: id) } }
    for a in family.people.indices {
      var known = [[Relation]](repeating: [], count: family.people.count)
      for (r, relation) in relations.enumerated() { for b in kin[a][r] { known[b].append(relation) } }
      for first in relations.indices {
        for b in kin[a][first] {
          for second in relations.indices {
            for c in kin[b][second] where c != a {
              if known[c].isEmpty { outcomes[first][second].insert(nil) }
              for relation in known[c] { outcomes[first][second].insert(relation) }
            }
          }
        }
      }
    }
    self.outcomes = outcomes
  }

  /// The one relation that follows from the two, or `nil` where none, several, or a nameless one may.
  func answer(_ first: Relation, _ second: Relation) -> Relation? {
    let found = outcomes[first.index][second.index]
    guard found.count == 1, let only = found.first else { return nil }
    return only
  }
}

extension Relation {
  fileprivate var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Family {
  /// A family of four generations in which every way to be related in two steps occurs.
  ///
  /// Every couple has two daughters and two sons; one of each marries, into a family with parents and four more children,
  /// two of them married as well.
  static func village() -> Family {
    var family = Family()
    var generation = [family.addPerson(.female)]
    for _ in 0..<3 {
      generation = generation.flatMap { parent in
        let children = [Gender.female, .male, .female, .male].map { family.addChild($0, of: parent) }
        for child in children.prefix(2) {
          let inLaws = family.ensureParents(of: family.ensureSpouse(of: child))
          for (i, gender) in [Gender.female, .male, .female, .male].enumerated() {
            let sibling = family.addChild(gender, of: inLaws.mother)
            if i < 2 { _ = family.addChild(gender, of: sibling) }
          }
        }
        return Array(children.prefix(2))
      }
    }
    return family
  }
}
