/// A family graph: people with a gender, two parents or none recorded, and a spouse or none.
///
/// The rules of these families, which every reader of such a puzzle assumes: parents are married to each other, a couple's
/// children are the children of both, and siblings share both parents.
struct Family: Sendable, Equatable {
  typealias ID = Int

  struct Person: Sendable, Equatable {
    let gender: Gender
    var parents: Parents?
    var spouse: ID?
  }

  struct Parents: Sendable, Equatable {
    let mother: ID
    let father: ID
    var both: [ID] { [mother, father] }
  }

  private(set) var people: [Person] = []

  // MARK: Growing

  mutating func addPerson(_ gender: Gender) -> ID {
    people.append(Person(gender: gender))
    return people.count - 1
  }

  /// The spouse of a person, married now where there was none.
  mutating func ensureSpouse(of id: ID) -> ID {
    if let spouse = people[id].spouse { return spouse }
    let spouse = addPerson(people[id].gender.other)
    people[id].spouse = spouse
    people[spouse].spouse = id
    return spouse
  }

  /// The parents of a person, added as a married couple where they were not recorded.
  mutating func ensureParents(of id: ID) -> Parents {
    if let parents = people[id].parents { return parents }
    let mother = addPerson(.female)
    let parents = Parents(mother: mother, father: ensureSpouse(of: mother))
    people[id].parents = parents
    return parents
  }

  /// A new child of a person and of the spouse.
  mutating func addChild(_ gender: Gender, of id: ID) -> ID {
    let spouse = ensureSpouse(of: id)
    let child = addPerson(gender)
    people[child].parents =
      people[id].gender == .female ? Parents(mother: id, father: spouse) : Parents(mother: spouse, father: id)
    return child
  }

  // MARK: Asking

  func spouses(of id: ID) -> [ID] { people[id].spouse.map { [$0] } ?? [] }
  func parents(of id: ID) -> [ID] { people[id].parents?.both ?? [] }
  func children(of id: ID) -> [ID] { people.indices.filter { parents(of: $0).contains(id) } }
  func siblings(of id: ID) -> [ID] {
    guard let parents = people[id].parents else { return [] }
    return people.indices.filter { $0 != id && people[$0].parents == parents }
  }
}
