/// The puzzles of `KinshipPuzzles`: which relation follows from two stated ones.
public struct KinshipTask: BenchmarkTask {
  /// `kinship`.
  public static let name = "kinship"
  /// What is read and how it is scored.
  public static let summary =
    "Two-hop kinship puzzles as `reft data kinship` writes them ({\"prompt\", \"response\"}, one a line); exact match of the "
    + "relation."

  /// The longest relation has five tokens in common vocabularies; the rest is room to go wrong in.
  public let maximumNewTokens = 8
  /// Only the first line is an answer.
  public let stopStrings = ["\n"]

  /// The task has no settings.
  public init() {}

  /// Reads `prompt` and `response` of every line.
  public func examples(at path: String) throws(TaskError) -> [TaskExample] {
    var examples: [TaskExample] = []
    for item in try DatasetFile.objects(at: path) {
      let prompt = try item.text("prompt")
      let response = try item.text("response")
      examples.append(
        TaskExample(
          prompt: prompt, references: [prediction(from: response)],
          record: TrainingRecord(.promptResponse(prompt: prompt, response: response), source: item.source)))
    }
    return examples
  }

  /// The first line without outer space and a final full stop, in lower case.
  public func prediction(from generation: String) -> String {
    let line = generation.before("\n").trimmingSpace()
    return (line.hasSuffix(".") ? line.dropLast().trimmingSpace() : line).lowercased()
  }
}
