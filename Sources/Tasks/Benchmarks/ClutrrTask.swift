/// CLUTRR's two-hop subset as the LoFiT paper uses it: 3,151 training, 450 validation and 450 test stories, 18 relations.
///
/// Data, prompt and score are those of fc2869/lo-fit (commit ebd344a): `utils/dataloaders.py`, class `CLUTRR`, and
/// `utils/evaluate.py`, `evaluate_clutrr`. The prompt, with `{1}` the person and `{2}` the relative:
///
///     Read the following story about a family. "{story}" Assume the relations described in the story are all true. Based
///     on relations between the fictional characters in the story (assume the relations are all true) and your commonsense
///     knowledge about family relationship, how is {2} related to {1}? Answer: {2} is {1} 's⏎
///
/// on one line. Two oddities are kept, for they are in the published numbers: the names come from splitting the text of a
/// Python tuple at its comma, so that `{2}` begins with a space and two spaces stand before it; and a space stands before
/// the `'s`. The training target is the relation.
///
/// Deviations: the reference appends the six characters of `</s>` to a training text for Llama models; here the trainer
/// appends the tokenizer's own end-of-text token instead. The reference looks for the answer in the whole decoded text, here
/// it is in the generation alone: the same, since `'s⏎` never occurs in a story of the dataset.
///
/// The paper trains on 300 stories: `limit: 300, seed: 42` draws those that `random.seed(42); random.sample(stories, 300)`
/// draws at the start of its script.
public struct ClutrrTask: BenchmarkTask {
  /// `clutrr`.
  public static let name = "clutrr"
  /// What is read and how it is scored.
  public static let summary =
    "CLUTRR's two-hop stories in the JSON arrays of fc2869/lo-fit (clean_story, query, target_text); exact match of the "
    + "relation, as there."

  /// As in the reference.
  public let maximumNewTokens = 16
  /// An answer ends at its first full stop; nothing after it is looked at.
  public let stopStrings = ["."]

  /// The task has no settings.
  public init() {}

  /// Reads `clean_story`, `query` and `target_text` of every item.
  public func examples(at path: String) throws(TaskError) -> [TaskExample] {
    var examples: [TaskExample] = []
    for item in try DatasetFile.objects(at: path) {
      let story = try item.text("clean_story").removing("[", "]")
      let (person, relative) = try names(in: item)
      let target = try item.text("target_text")
      let prompt = Self.prompt(story: story, person: person, relative: relative)
      examples.append(
        TaskExample(
          prompt: prompt, references: [target.lowercased()],
          record: TrainingRecord(.promptResponse(prompt: prompt, response: target), source: item.source)))
    }
    return examples
  }

  static func prompt(story: String, person: String, relative: String) -> String {
    "Read the following story about a family. \"\(story)\" Assume the relations described in the story are all true. "
      + "Based on relations between the fictional characters in the story (assume the relations are all true) and your "
      + "commonsense knowledge about family relationship, how is \(relative) related to \(person)? "
      + "Answer: \(relative) is \(person) 's\n"
  }

  /// `('Ann', 'Bob')` becomes `Ann` and ` Bob`: `query[1:-1].replace("'", "").split(",")`.
  private func names(in item: DatasetObject) throws(TaskError) -> (person: String, relative: String) {
    let query = try item.text("query")
    let names = query.dropFirst().dropLast().removing("'").split(separator: ",", omittingEmptySubsequences: false)
    guard query.hasPrefix("("), query.hasSuffix(")"), names.count == 2 else {
      throw .malformedField(
        field: "query", expected: "two names as in ('Ann', 'Bob')", got: query, source: item.source)
    }
    return (String(names[0]), String(names[1]))
  }

  /// `text.split("'s\n")[1].split(".")[0].strip().lower()` of the reference, whose text begins with the prompt.
  public func prediction(from generation: String) -> String {
    let scalars = generation.unicodeScalars
    let end = scalars.firstRange(of: "'s\n".unicodeScalars)?.lowerBound ?? scalars.endIndex
    return generation[..<end].before(".").trimmingSpace().lowercased()
  }
}
