import Foundation
import JSON
import Testing

@testable import Tasks

@Suite struct KinshipPuzzlesTests {
  /// FNV-1a over the UTF-8 of all three files.
  private func fingerprint(_ data: KinshipDataset) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in DatasetSplit.allCases.flatMap({ Array(data.jsonLines($0).utf8) }) {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    return String(hash, radix: 16)
  }

  @Test func `the same seed makes the same bytes on every machine`() throws {
    let data = try KinshipPuzzles.generate(seed: 1, train: 300, validation: 100, test: 200)
    #expect(fingerprint(data) == "f30a5291c2e77e49")
    #expect(try data == KinshipPuzzles.generate(seed: 1, train: 300, validation: 100, test: 200))
    #expect(
      try fingerprint(KinshipPuzzles.generate(seed: 2, train: 300, validation: 100, test: 200)) != fingerprint(data))
  }

  @Test func `three thousand puzzles are told once each and their words give the stated facts`() throws {
    let data = try KinshipPuzzles.generate(seed: 7, train: 2000, validation: 500, test: 500)
    let puzzles = DatasetSplit.allCases.flatMap { data.puzzles($0) }
    #expect(puzzles.count == 3000)
    #expect(Set(puzzles.map(\.prompt)).count == 3000)
    let reader = try StoryReader()
    for puzzle in puzzles {
      let read = reader.facts(of: puzzle.story)
      #expect(read.count == 2 && puzzle.facts.allSatisfy(read.contains), "\(puzzle.story): \(read)")
      #expect(Set(puzzle.facts.flatMap { [$0.person, $0.relative] }).count == 3)
      #expect(KinshipRules.compose(puzzle.facts[0].relation, puzzle.facts[1].relation) == puzzle.relation)
      #expect(Relation.answers.contains(puzzle.relation))
      #expect(puzzle.prompt.hasSuffix("\(puzzle.relative) is \(puzzle.person)'s\n"))
    }
  }

  @Test(arguments: [(300, 100, 200), (2000, 900, 900), (18, 18, 18)])
  func `no story structure occurs in two splits`(counts: (Int, Int, Int)) throws {
    let data = try KinshipPuzzles.generate(seed: 3, train: counts.0, validation: counts.1, test: counts.2)
    let structures = DatasetSplit.allCases.map { Set(data.puzzles($0).map(\.structure)) }
    #expect(structures[0].isDisjoint(with: structures[1]))
    #expect(structures[0].isDisjoint(with: structures[2]))
    #expect(structures[1].isDisjoint(with: structures[2]))
  }

  @Test func `every split asks for the eighteen relations equally often and holds every composition`() throws {
    let data = try KinshipPuzzles.generate(seed: 1, train: 300, validation: 100, test: 200)
    for split in DatasetSplit.allCases {
      let puzzles = data.puzzles(split)
      let counts = Relation.answers.map { relation in puzzles.count { $0.relation == relation } }
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(split): \(counts)")
    }
    func compositions(_ puzzles: [KinshipPuzzle]) -> Set<String> {
      Set(puzzles.map { "\($0.facts[0].relation)-\($0.facts[1].relation)" })
    }
    #expect(compositions(data.train).count == KinshipComposition.all.count)
    #expect(compositions(data.test) == compositions(data.train))
  }

  @Test func `the training stories use every sentence of every relation`() throws {
    let data = try KinshipPuzzles.generate(seed: 1, train: 300, validation: 0, test: 0)
    for composition in KinshipComposition.all {
      for relation in [composition.first, composition.second] {
        for template in StoryTemplate.of(relation) {
          let stem = template.pattern.split(separator: "}").last.map(String.init) ?? ""
          #expect(data.train.contains { $0.story.contains(stem) }, "\(template.pattern)")
        }
      }
    }
  }

  @Test func `a negative count is an error that names it`() {
    #expect(throws: TaskError.countTooSmall(name: "test", count: -1, minimum: 0)) {
      try KinshipPuzzles.generate(seed: 1, train: 1, validation: 1, test: -1)
    }
  }

  @Test func `names are many, different, and borne by one gender`() {
    let female = PersonNames.names(.female)
    let male = PersonNames.names(.male)
    #expect(female.count >= 200 && male.count >= 200)
    #expect(Set(female).count == female.count && Set(male).count == male.count)
    #expect(Set(female).isDisjoint(with: male))
  }

  @Test func `the files are written whole, and a folder in use is an error`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kinship-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try KinshipPuzzles.generate(seed: 1, train: 6, validation: 4, test: 5)
    try data.write(to: folder)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["source.json", "test.jsonl", "train.jsonl", "validation.jsonl"])
    let lines = try String(contentsOfFile: folder + "/train.jsonl", encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 6)
    let first = try JSONValue(parsing: String(lines[0]), source: "train.jsonl")
    #expect(first["response"]?.string == data.train[0].relation.rawValue)
    #expect(first["edges"]?.array?.count == 2)
    #expect(throws: TaskError.outputInUse(path: folder)) { try data.write(to: folder) }
    try data.write(to: folder, overwriting: true)
    #expect(throws: TaskError.self) { try data.write(to: folder + "/train.jsonl/below") }
  }
}

/// Reads the facts back out of a story by matching every template, knowing nothing of how it was made.
private struct StoryReader {
  private let patterns: [(relation: Relation, expression: NSRegularExpression)]

  init() throws {
    let told = Set(KinshipComposition.all.flatMap { [$0.first, $0.second] })
    patterns = try Relation.allCases.filter(told.contains).flatMap(StoryTemplate.of).map { template in
      let pattern = NSRegularExpression.escapedPattern(for: template.pattern)
        .replacingOccurrences(of: "\\{a\\}", with: "(?<a>[A-Z][a-z]+)")
        .replacingOccurrences(of: "\\{b\\}", with: "(?<b>[A-Z][a-z]+)")
        .replacingOccurrences(of: "\\{his\\}", with: "(his|her)")
      return (template.relation, try NSRegularExpression(pattern: "^" + pattern + "$"))
    }
  }

  func facts(of story: String) -> [KinshipFact] {
    story.split(separator: ". ").map { $0.hasSuffix(".") ? String($0) : $0 + "." }.flatMap { sentence in
      patterns.compactMap { relation, expression in
        guard let match = expression.firstMatch(in: sentence, range: NSRange(sentence.startIndex..., in: sentence)),
          let a = Range(match.range(withName: "a"), in: sentence),
          let b = Range(match.range(withName: "b"), in: sentence)
        else { return nil }
        return KinshipFact(person: String(sentence[a]), relation: relation, relative: String(sentence[b]))
      }
    }
  }
}
