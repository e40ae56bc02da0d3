/// The form of a story without its names: which facts, in which words, in which order.
struct StoryStructure: Sendable, Hashable {
  let composition: KinshipComposition
  /// The numbers of the two sentences' templates, counted from one.
  let templates: [Int]
  /// Whether the second fact is told first.
  let reversed: Bool

  /// `mother-brother/2-5/21`: the relations, their templates, the order of telling.
  var name: String { "\(composition.name)/\(templates[0])-\(templates[1])/\(reversed ? "21" : "12")" }

  /// Which sentences are told.
  var sentences: [StoryTemplate.Key] {
    [
      StoryTemplate.Key(relation: composition.first, number: templates[0]),
      StoryTemplate.Key(relation: composition.second, number: templates[1]),
    ]
  }

  /// Every structure of one composition, in a fixed order.
  static func all(of composition: KinshipComposition) -> [StoryStructure] {
    StoryTemplate.of(composition.first).flatMap { first in
      StoryTemplate.of(composition.second).flatMap { second in
        [false, true].map {
          StoryStructure(composition: composition, templates: [first.number, second.number], reversed: $0)
        }
      }
    }
  }

  /// The two sentences, told of three people.
  func story(_ a: (name: String, gender: Gender), _ b: (name: String, gender: Gender), _ c: String) -> String {
    let sentences = [
      StoryTemplate.of(composition.first)[templates[0] - 1].sentence(about: a, relative: b.name),
      StoryTemplate.of(composition.second)[templates[1] - 1].sentence(about: b, relative: c),
    ]
    return (reversed ? sentences.reversed() : sentences).joined(separator: " ")
  }
}
