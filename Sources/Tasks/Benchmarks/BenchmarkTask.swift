/// A task with a dataset, a prompt, and a rule for what counts as right: one file and one line in `TaskRegistry`.
public protocol BenchmarkTask: Sendable {
  /// The name by which recipes and the command know the task.
  static var name: String { get }
  /// What is read and how it is scored, in a sentence or two.
  static var summary: String { get }
  /// How many tokens an answer may take.
  var maximumNewTokens: Int { get }
  /// Where an answer may be cut off without changing its score.
  var stopStrings: [String] { get }

  /// Every example of a file, in order.
  func examples(at path: String) throws(TaskError) -> [TaskExample]
  /// The answer in what a model generated after a prompt (the prompt itself not included).
  func prediction(from generation: String) -> String
  /// Whether the answer is right; by default, whether it equals one of the references.
  func isCorrect(_ prediction: String, _ example: TaskExample) -> Bool
}

extension BenchmarkTask {
  public var name: String { Self.name }
  public var summary: String { Self.summary }

  public func isCorrect(_ prediction: String, _ example: TaskExample) -> Bool {
    example.references.contains(prediction)
  }

  /// Some examples of a file: see `Array.drawn(limit:seed:path:)`.
  public func examples(at path: String, limit: Int?, seed: Int?) throws(TaskError) -> [TaskExample] {
    try examples(at: path).drawn(limit: limit, seed: seed, path: path)
  }

  /// The score of one generation for each example.
  /// - Precondition: there are as many generations as examples.
  public func score(_ generations: [String], _ examples: [TaskExample]) -> TaskScore {
    precondition(generations.count == examples.count, "one generation an example")
    let predictions = generations.map(prediction)
    return TaskScore(
      predictions: predictions, correct: zip(predictions, examples).map { isCorrect($0, $1) })
  }
}

/// One question of a task.
public struct TaskExample: Sendable, Equatable {
  public let prompt: String
  /// The answers that count as right, in the form that `prediction(from:)` gives.
  public let references: [String]
  /// What is trained on where the example is a training example.
  public let record: TrainingRecord

  public init(prompt: String, references: [String], record: TrainingRecord) {
    self.prompt = prompt
    self.references = references
    self.record = record
  }
}

/// What was answered and what of it was right.
public struct TaskScore: Sendable, Equatable {
  public let predictions: [String]
  public let correct: [Bool]

  public var count: Int { correct.count }
  public var correctCount: Int { correct.count { $0 } }
  /// The share of right answers, from 0 to 1; 0 where nothing was asked.
  public var accuracy: Double { count == 0 ? 0 : Double(correctCount) / Double(count) }
}
