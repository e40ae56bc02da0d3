public import JSON

/// One fact of a story: `relative` is `person`'s `relation`.
public struct KinshipFact: Sendable, Equatable {
  /// Whose relative it is.
  public let person: String
  /// What that relative is.
  public let relation: Relation
  /// Who it is.
  public let relative: String
}

/// A story of two facts about three people, and how the third is related to the first.
public struct KinshipPuzzle: Sendable, Equatable {
  /// Two short sentences.
  public let story: String
  /// What the story states: A's relation is B, B's relation is C; in this order, whatever the order of the sentences.
  public let facts: [KinshipFact]
  /// What C is to A.
  public let relation: Relation
  /// Which relations, which templates and which order of sentences; no two splits share one.
  public let structure: String

  /// The first person of the chain, whose relative is asked for.
  public var person: String { facts[0].person }
  /// The last person of the chain.
  public var relative: String { facts[1].relative }

  /// The story, the question, and the beginning of an answer whose next line is the relation.
  ///
  /// The line ends before the answer, so that where prompt and answer meet no tokenizer merges across.
  public var prompt: String { "\(story) How is \(relative) related to \(person)? \(relative) is \(person)'s\n" }
  /// The relation as one word.
  public var response: String { relation.rawValue }

  /// The record of one JSONL line: prompt, response, relation, structure, and the facts as `[person, relation, relative]`.
  public var record: JSONObject {
    [
      "prompt": .string(prompt),
      "response": .string(response),
      "relation": .string(relation.rawValue),
      "structure": .string(structure),
      "edges": .array(
        facts.map { [.string($0.person), .string($0.relation.rawValue), .string($0.relative)] }),
    ]
  }
}
