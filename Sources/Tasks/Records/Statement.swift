/// A text with a label, for what is fitted without training: probes, directions, thresholds.
public struct Statement: Sendable, Equatable {
  /// The text as a model reads it.
  public let text: String
  /// Whether it has the property in question: is true, is positive.
  public let label: Bool
  /// What belongs together and must not be split between folds: the question of an answer, a pair.
  public let group: Int
  /// Where it stands, as errors name it: `pairs.jsonl, line 7`.
  public let source: String

  /// A text, its label and its place.
  public init(text: String, label: Bool, group: Int, source: String) {
    self.text = text
    self.label = label
    self.group = group
    self.source = source
  }
}

/// Labelled texts of one file.
public struct Statements: Sendable, Equatable {
  /// Every text, in the order of the file.
  public let items: [Statement]
  /// Whether items 2i and 2i + 1 are a pair: a positive text and its negative partner.
  public let arePaired: Bool

  /// Number of groups: questions or pairs.
  public var groupCount: Int { (items.map(\.group).max() ?? -1) + 1 }

  /// Texts in their order, pairs one behind the other.
  public init(items: [Statement], arePaired: Bool) {
    self.items = items
    self.arePaired = arePaired
  }
}
