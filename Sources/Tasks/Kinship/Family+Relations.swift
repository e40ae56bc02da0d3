extension Family {
  /// Everybody who is person `id`'s `relation`, by definition.
  ///
  /// An uncle or aunt is a sibling of a parent, or that sibling's spouse; a nephew or niece is a child of a sibling, or of
  /// a sibling of the spouse.
  func relatives(_ relation: Relation, of id: ID) -> [ID] {
    let kin: [ID] =
      switch relation {
      case .mother, .father: parents(of: id)
      case .daughter, .son: children(of: id)
      case .wife, .husband: spouses(of: id)
      case .sister, .brother: siblings(of: id)
      case .grandmother, .grandfather: parents(of: id).flatMap(parents)
      case .granddaughter, .grandson: children(of: id).flatMap(children)
      case .aunt, .uncle: parents(of: id).flatMap(siblings).flatMap { [$0] + spouses(of: $0) }
      case .niece, .nephew: ([id] + spouses(of: id)).flatMap(siblings).flatMap(children)
      case .motherInLaw, .fatherInLaw: spouses(of: id).flatMap(parents)
      case .daughterInLaw, .sonInLaw: children(of: id).flatMap(spouses)
      }
    return kin.filter { people[$0].gender == relation.gender }
  }

  /// Every relation that person `b` is to person `a`, in the order of `Relation`; none for a cousin and the like.
  func relations(from a: ID, to b: ID) -> [Relation] {
    Relation.allCases.filter { $0.gender == people[b].gender && relatives($0, of: a).contains(b) }
  }

  /// Adds a new person who is `id`'s `relation`, with whoever must stand between, or finds the only one there can be.
  ///
  /// Where the relation leaves a way open (a grandfather on either side), `random` chooses it.
  mutating func ensureRelative(_ relation: Relation, of id: ID, using random: inout SplitMix64) -> ID {
    let gender = relation.gender
    switch relation {
    case .mother: return ensureParents(of: id).mother
    case .father: return ensureParents(of: id).father
    case .daughter, .son: return addChild(gender, of: id)
    case .wife, .husband: return ensureSpouse(of: id)
    case .sister, .brother: return addChild(gender, of: ensureParents(of: id).mother)
    case .grandmother, .grandfather:
      let parent = random.pick(ensureParents(of: id).both)
      let grandparents = ensureParents(of: parent)
      return gender == .female ? grandparents.mother : grandparents.father
    case .granddaughter, .grandson:
      let child = random.pick(children(of: id) + [addChild(random.pick(Gender.allCases), of: id)])
      return addChild(gender, of: child)
    case .aunt, .uncle:
      let parent = random.pick(ensureParents(of: id).both)
      return addChild(gender, of: ensureParents(of: parent).mother)
    case .niece, .nephew:
      let sibling = addChild(random.pick(Gender.allCases), of: ensureParents(of: id).mother)
      return addChild(gender, of: sibling)
    case .motherInLaw: return ensureParents(of: ensureSpouse(of: id)).mother
    case .fatherInLaw: return ensureParents(of: ensureSpouse(of: id)).father
    case .daughterInLaw, .sonInLaw: return ensureSpouse(of: addChild(gender.other, of: id))
    }
  }
}
