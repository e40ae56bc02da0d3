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
  /// The name, for a task whose type is not known.
  public var name: String { Self.name }
  /// The summary, for a task whose type is not known.
  public var summary: String { Self.summary }

  /// Exact match.
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
  /// What the model is given; its answer begins right after it.
  public let prompt: String
  /// The answers that count as right, in the form that `prediction(from:)` gives.
  public let references: [String]
  /// What is trained on where the example is a training example.
  public let record: TrainingRecord

  /// A question, its answers, and what to learn from it.
  public init(prompt: String, references: [String], record: TrainingRecord) {
    self.prompt = prompt
    self.references = references
    self.record = record
  }
}

/// What was answered and what of it was right.
public struct TaskScore: Sendable, Equatable {
  /// The answers as `prediction(from:)` read them.
  public let predictions: [String]
  /// Whether each was right.
  public let correct: [Bool]

  /// How many were asked.
  public var count: Int { correct.count }
  /// How many were right.
  public var correctCount: Int { correct.count { $0 } }
  /// The share of right answers, from 0 to 1; 0 where nothing was asked.
  public var accuracy: Double { count == 0 ? 0 : Double(correctCount) / Double(count) }
}
