/// How a model did on a task: the score, its parts, and every answer.
public struct TaskReport: Sendable, Equatable {
  /// One question and its answer.
  public struct Example: Sendable, Equatable {
    /// The question as the model read it.
    public let prompt: String
    /// The answers that count as right.
    public let references: [String]
    /// The answer as the task reads it out of the generation.
    public let prediction: String
    /// What the model wrote, cut before a stop string.
    public let generation: String
    /// Whether the task counts the prediction as right.
    public let isCorrect: Bool
    /// Why the generation ended: `end`, `stop`, `length` or `context`.
    public let finish: String
  }

  /// The examples that have one right answer.
  public struct Class: Sendable, Equatable {
    /// The right answer (the first, where an example has several).
    public let name: String
    /// Examples answered right.
    public let correct: Int
    /// Examples with this right answer, at least 1.
    public let total: Int
    /// The share of right answers, from 0 to 1.
    public var accuracy: Double { Double(correct) / Double(total) }
  }

  /// How the answers were generated.
  public struct Decoding: Sendable, Equatable {
    /// 0 for greedy answers; see ``TextGeneration/SamplingOptions/temperature``.
    public let temperature: Double
    /// How many of the most likely tokens were drawn from; `nil` for all.
    public let topK: Int?
    /// The probability that the tokens drawn from reach together; `nil` for 1.
    public let topP: Double?
    /// 1 where repetition was not discouraged.
    public let repetitionPenalty: Double
    /// `nil` where nothing was drawn.
    public let seed: UInt64?
    /// Tokens after which an answer was cut off.
    public let maximumNewTokens: Int
    /// Texts that ended an answer before them.
    public let stopStrings: [String]
  }

  /// The name of the task.
  public let task: String
  /// How the answers were generated.
  public let decoding: Decoding
  /// In the order of the file.
  public let examples: [Example]
  /// Time for reading the prompts and generating the answers.
  public let seconds: Double
  /// Tokens of all prompts together.
  public let promptTokens: Int
  /// Tokens of all answers together, without those that ended them.
  public let generatedTokens: Int

  /// Examples answered.
  public var total: Int { examples.count }
  /// Examples answered right.
  public var correct: Int { examples.count { $0.isCorrect } }
  /// The share of right answers, from 0 to 1.
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }
  /// Tokens read and written a second.
  public var tokensPerSecond: Double { seconds > 0 ? Double(promptTokens + generatedTokens) / seconds : 0 }

  /// The score by right answer, in alphabetical order.
  public var classes: [Class] {
    Dictionary(grouping: examples) { $0.references.first ?? "" }
      .map { name, members in
        Class(name: name, correct: members.count { $0.isCorrect }, total: members.count)
      }
      .sorted { $0.name < $1.name }
  }
}
