/// A sentence that says who somebody's relative is: `{a}` is the person, `{his}` their "his" or "her", `{b}` the relative.
struct StoryTemplate: Sendable, Equatable {
  let relation: Relation
  /// Counted from one among the templates of the relation; part of a puzzle's structure.
  let number: Int
  let pattern: String

  /// What names a template.
  struct Key: Sendable, Hashable {
    let relation: Relation
    let number: Int
  }

  func sentence(about a: (name: String, gender: Gender), relative b: String) -> String {
    pattern.replacing("{a}", with: a.name).replacing("{b}", with: b).replacing("{his}", with: a.gender.possessive)
  }
}

extension StoryTemplate {
  /// The templates of one relation that may stand in a story, in order.
  ///
  /// Some name the person first and some the relative; every one states the relation by its own word, so that a
  /// story is two facts and the puzzle is how they compose.
  static func of(_ relation: Relation) -> [StoryTemplate] { table[relation] ?? [] }

  private static let table = [Relation: [StoryTemplate]](
    uniqueKeysWithValues: Relation.allCases.map { relation in
      let lines = patterns(relation).split(separator: "\n").map(String.init)
      return (
        relation, lines.enumerated().map { StoryTemplate(relation: relation, number: $0 + 1, pattern: $1) }
      )
    })

  private static func patterns(_ relation: Relation) -> String {
    switch relation {
    case .mother:
      """
      {a} phoned {his} mother, {b}.
      {a}'s mother {b} sings well.
      {a} made soup for {his} mother {b}.
      {b} is the mother of {a}.
      {b}, {a}'s mother, grows roses.
      {a} has a mother called {b}.
      """
    case .father:
      """
      {a} went fishing with {his} father, {b}.
      {a}'s father {b} is a baker.
      {a} asked {his} father {b} for help.
      {b} is the father of {a}.
      {b}, {a}'s father, drives a bus.
      {a} has a father called {b}.
      """
    case .sister:
      """
      {a} went skating with {his} sister, {b}.
      {a}'s sister {b} plays chess.
      {a} wrote to {his} sister {b}.
      {b} is the sister of {a}.
      {b}, {a}'s sister, moved to Rome.
      {a} has a sister called {b}.
      """
    case .brother:
      """
      {a} played tennis with {his} brother, {b}.
      {a}'s brother {b} likes trains.
      {a} lost a bet to {his} brother {b}.
      {b} is the brother of {a}.
      {b}, {a}'s brother, is a nurse.
      {a} has a brother called {b}.
      """
    case .daughter:
      """
      {a} read a story to {his} daughter, {b}.
      {a}'s daughter {b} loves horses.
      {a} took {his} daughter {b} to school.
      {b} is the daughter of {a}.
      {b}, {a}'s daughter, won a race.
      {a} has a daughter called {b}.
      """
    case .son:
      """
      {a} built a kite with {his} son, {b}.
      {a}'s son {b} plays the drums.
      {a} bought shoes for {his} son {b}.
      {b} is the son of {a}.
      {b}, {a}'s son, broke a window.
      {a} has a son called {b}.
      """
    case .grandmother:
      """
      {a} visited {his} grandmother, {b}.
      {a}'s grandmother {b} knits socks.
      {a} sent flowers to {his} grandmother {b}.
      {b} is the grandmother of {a}.
      {b}, {a}'s grandmother, keeps bees.
      {a} has a grandmother called {b}.
      """
    case .grandfather:
      """
      {a} walked the dog with {his} grandfather, {b}.
      {a}'s grandfather {b} was a sailor.
      {a} drank tea with {his} grandfather {b}.
      {b} is the grandfather of {a}.
      {b}, {a}'s grandfather, mends clocks.
      {a} has a grandfather called {b}.
      """
    case .granddaughter:
      """
      {a} cooked dinner for {his} granddaughter, {b}.
      {a}'s granddaughter {b} learns French.
      {a} hugged {his} granddaughter {b}.
      {b} is the granddaughter of {a}.
      {b}, {a}'s granddaughter, paints birds.
      {a} has a granddaughter called {b}.
      """
    case .grandson:
      """
      {a} went to the zoo with {his} grandson, {b}.
      {a}'s grandson {b} collects stamps.
      {a} waved to {his} grandson {b}.
      {b} is the grandson of {a}.
      {b}, {a}'s grandson, climbs trees.
      {a} has a grandson called {b}.
      """
    case .wife:
      """
      {a} danced with {his} wife, {b}.
      {a}'s wife {b} is a doctor.
      {a} planned a trip with {his} wife {b}.
      {b} is the wife of {a}.
      {b}, {a}'s wife, writes novels.
      {a} has a wife called {b}.
      """
    case .husband:
      """
      {a} painted the house with {his} husband, {b}.
      {a}'s husband {b} is a farmer.
      {a} had coffee with {his} husband {b}.
      {b} is the husband of {a}.
      {b}, {a}'s husband, bakes bread.
      {a} has a husband called {b}.
      """
    case .aunt, .uncle, .niece, .nephew, .motherInLaw, .fatherInLaw, .daughterInLaw, .sonInLaw: ""
    }
  }
}
