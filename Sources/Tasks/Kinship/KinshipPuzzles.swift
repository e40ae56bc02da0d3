/// Makes two-hop kinship puzzles in English: the data of the quickstart.
///
/// "Nora phoned her mother, Ruth. Paul is the brother of Ruth. How is Paul related to Nora? Paul is Nora's" / "uncle".
/// The task is that of CLUTRR's two-hop subset (Sinha et al. 2019); stories, names and rules are our own, and shorter.
public enum KinshipPuzzles {
  /// Makes the puzzles of the three splits, the same for the same arguments on every machine.
  ///
  /// Within a split the eighteen relations are asked for equally often (to within one puzzle), and within a relation its
  /// compositions. Every composition occurs in every split that is large enough, but no story structure (composition,
  /// templates, order) occurs in two of them: what is tested is the composition in unseen words. No text occurs twice.
  ///
  /// Every puzzle is checked three ways before it is given out: the relation read off the family graph that was grown for
  /// it, the relation composed by rules from the two stated ones, and a census of a large family must agree.
  ///
  /// - Parameter seed: any number; it alone decides all choices.
  /// - Throws: `TaskError.countTooSmall` for a negative count; `.puzzlesExhausted` where the names do not suffice.
  public static func generate(
    seed: UInt64, train: Int, validation: Int, test: Int
  ) throws(TaskError) -> KinshipDataset {
    for (name, count) in [("train", train), ("validation", validation), ("test", test)] where count < 0 {
      throw .countTooSmall(name: name, count: count, minimum: 0)
    }
    var generator = KinshipGenerator(seed: seed)
    return KinshipDataset(
      seed: seed, train: try generator.split(.train, count: train),
      validation: try generator.split(.validation, count: validation), test: try generator.split(.test, count: test))
  }
}

/// The three parts of a dataset.
public enum DatasetSplit: String, Sendable, CaseIterable {
  case train, validation, test
}

/// The state of a run of the generator: the random stream, who has which structure, and what has been told already.
struct KinshipGenerator {
  private var random: SplitMix64
  private var told: Set<String> = []
  private let census = KinshipCensus()
  /// The structures of each composition in a random order, cut into the shares of the splits.
  private let shares: [[[StoryStructure]]]
  /// How often a structure, and how often a sentence's template, was told.
  private var uses: [StoryStructure: Int] = [:]
  private var templateUses: [StoryTemplate.Key: Int] = [:]

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    shares = KinshipComposition.all.map { Self.cut(random.shuffled(StoryStructure.all(of: $0))) }
    self.random = random
  }

  /// Three fifths of the structures for training, one fifth each for validation and test.
  private static func cut(_ structures: [StoryStructure]) -> [[StoryStructure]] {
    let fifth = structures.count / 5
    let trainEnd = structures.count - 2 * fifth
    return [0..<trainEnd, trainEnd..<(trainEnd + fifth), (trainEnd + fifth)..<structures.count].map {
      Array(structures[$0])
    }
  }

  mutating func split(_ split: DatasetSplit, count: Int) throws(TaskError) -> [KinshipPuzzle] {
    let share = DatasetSplit.allCases.firstIndex(of: split) ?? 0
    let relations = random.shuffled(Relation.answers)
    var puzzles: [KinshipPuzzle] = []
    for (i, relation) in relations.enumerated() {
      // The first `count % 18` relations get one puzzle more; their order is random.
      let wanted = count / relations.count + (i < count % relations.count ? 1 : 0)
      let compositions = random.shuffled(
        KinshipComposition.all.indices.filter { KinshipComposition.all[$0].answer == relation })
      for k in 0..<wanted {
        puzzles.append(try puzzle(leastTold(shares[compositions[k % compositions.count]][share])))
      }
    }
    return random.shuffled(puzzles)
  }

  /// The structure told least often, and among those the first whose sentences were: so that a few hundred puzzles hold
  /// every sentence.
  private mutating func leastTold(_ structures: [StoryStructure]) -> StoryStructure {
    func rank(_ structure: StoryStructure) -> (Int, Int) {
      (uses[structure, default: 0], structure.sentences.reduce(0) { $0 + templateUses[$1, default: 0] })
    }
    var best = structures[0]
    for structure in structures.dropFirst() where rank(structure) < rank(best) { best = structure }
    uses[best, default: 0] += 1
    for sentence in best.sentences { templateUses[sentence, default: 0] += 1 }
    return best
  }

  private mutating func puzzle(_ structure: StoryStructure) throws(TaskError) -> KinshipPuzzle {
    // Each structure has tens of millions of name triples: many tries in vain mean that they are used up, or nearly.
    for _ in 0..<1000 {
      let puzzle = try candidate(structure)
      if told.insert(puzzle.prompt).inserted { return puzzle }
    }
    throw .puzzlesExhausted(composition: structure.composition.name, made: told.count)
  }

  private mutating func candidate(_ structure: StoryStructure) throws(TaskError) -> KinshipPuzzle {
    let composition = structure.composition
    var family = Family()
    let a = family.addPerson(firstGender(composition.first))
    let b = family.ensureRelative(composition.first, of: a, using: &random)
    let c = family.ensureRelative(composition.second, of: b, using: &random)
    let names = draw(genders: [a, b, c].map { family.people[$0].gender })
    let story = structure.story((names[0], family.people[a].gender), (names[1], family.people[b].gender), names[2])
    try check(story, composition, family, a, b, c)
    return KinshipPuzzle(
      story: story,
      facts: [
        KinshipFact(person: names[0], relation: composition.first, relative: names[1]),
        KinshipFact(person: names[1], relation: composition.second, relative: names[2]),
      ],
      relation: composition.answer, structure: structure.name)
  }

  /// The gender of A: given by a marriage, free otherwise.
  private mutating func firstGender(_ first: Relation) -> Gender {
    let free = random.pick(Gender.allCases)
    return first == .husband || first == .wife ? first.gender.other : free
  }

  /// Three different names.
  private mutating func draw(genders: [Gender]) -> [String] {
    var drawn: [String] = []
    for gender in genders {
      let names = PersonNames.names(gender)
      var name = random.pick(names)
      while drawn.contains(name) { name = random.pick(names) }
      drawn.append(name)
    }
    return drawn
  }

  /// The family graph, the rules and the census must give one and the same single answer.
  private func check(
    _ story: String, _ composition: KinshipComposition, _ family: Family, _ a: Family.ID, _ b: Family.ID, _ c: Family.ID
  ) throws(TaskError) {
    let derived = family.relations(from: a, to: c)
    let composed = KinshipRules.compose(composition.first, composition.second)
    let counted = census.answer(composition.first, composition.second)
    guard family.relations(from: a, to: b) == [composition.first],
      family.relations(from: b, to: c) == [composition.second],
      derived == [composition.answer], composed == composition.answer, counted == composition.answer
    else {
      throw .undeterminedPuzzle(
        story: story, answer: composition.answer.rawValue, graph: derived.map(\.rawValue).joined(separator: ", "),
        rules: composed?.rawValue ?? "nothing")
    }
  }
}
