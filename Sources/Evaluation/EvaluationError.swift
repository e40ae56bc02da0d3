public import Diagnostics

/// What can be wrong with an evaluation, apart from its examples.
public enum EvaluationError: Diagnostic {
  /// There is nothing to answer.
  case noExamples(task: String)

  public var problem: String {
    switch self {
    case .noExamples(let task): "there is no example of the task '\(task)' to evaluate"
    }
  }

  public var location: String { "" }

  public var remedy: String? {
    switch self {
    case .noExamples: "name a file with at least one example"
    }
  }
}
