import Testing

@testable import Tasks

@Suite struct KinshipSolverTests {
  @Test func `the rules never say what the census of a large family leaves open`() {
    let census = KinshipCensus()
    var determined = 0
    for first in Relation.allCases {
      for second in Relation.allCases {
        guard let composed = KinshipRules.compose(first, second) else { continue }
        #expect(census.answer(first, second) == composed, "\(first) then \(second)")
        determined += 1
      }
    }
    #expect(determined > KinshipComposition.all.count)
  }

  @Test func `compositions that a true reading leaves open are left out`() {
    let census = KinshipCensus()
    let open: [(Relation, Relation)] = [
      (.daughter, .grandmother), (.son, .grandfather), (.daughter, .aunt), (.son, .uncle), (.grandfather, .daughter),
      (.father, .grandson), (.uncle, .sister), (.brother, .nephew), (.husband, .wife), (.sister, .husband),
    ]
    for (first, second) in open {
      #expect(census.answer(first, second) == nil, "\(first) then \(second)")
      #expect(KinshipRules.compose(first, second) == nil, "\(first) then \(second)")
    }
  }

  @Test func `there are fifty-four compositions and every answer has one`() {
    #expect(KinshipComposition.all.count == 54)
    #expect(Set(KinshipComposition.all).count == 54)
    #expect(Set(KinshipComposition.all.map(\.answer)) == Set(Relation.answers))
    #expect(Relation.answers.count == 18)
  }

  @Test(arguments: [
    (Relation.father, Relation.mother, Relation.grandmother), (.mother, .brother, .uncle), (.brother, .son, .nephew),
    (.son, .wife, .daughterInLaw), (.wife, .father, .fatherInLaw), (.sister, .sister, .sister),
    (.husband, .granddaughter, .granddaughter), (.father, .son, .brother),
  ])
  func `known compositions`(first: Relation, second: Relation, answer: Relation) {
    #expect(KinshipRules.compose(first, second) == answer)
  }

  @Test func `relations are derived from the graph by definition`() {
    var random = SplitMix64(seed: 1)
    var family = Family()
    let me = family.addPerson(.female)
    let aunt = family.ensureRelative(.aunt, of: me, using: &random)
    let uncleByMarriage = family.ensureSpouse(of: aunt)
    let cousin = family.addChild(.female, of: aunt)
    let brother = family.ensureRelative(.brother, of: me, using: &random)
    #expect(family.relations(from: me, to: aunt) == [.aunt])
    #expect(family.relations(from: me, to: uncleByMarriage) == [.uncle])
    #expect(family.relations(from: uncleByMarriage, to: me) == [.niece])
    #expect(family.relations(from: me, to: cousin) == [])
    #expect(family.relations(from: me, to: brother) == [.brother])
    #expect(family.relations(from: me, to: me) == [])
  }

  @Test func `growing any relation makes that relation and no other`() {
    for seed in 0..<50 {
      for relation in Relation.allCases {
        var random = SplitMix64(seed: UInt64(seed))
        var family = Family()
        let gender = relation == .husband ? Gender.female : relation == .wife ? .male : random.pick(Gender.allCases)
        let a = family.addPerson(gender)
        let b = family.ensureRelative(relation, of: a, using: &random)
        #expect(family.relations(from: a, to: b) == [relation])
      }
    }
  }
}
