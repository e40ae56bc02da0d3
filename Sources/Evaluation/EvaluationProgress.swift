/// How far an evaluation has come.
public struct EvaluationProgress: Sendable, Equatable {
  /// Examples answered.
  public let done: Int
  /// Examples to answer in all.
  public let total: Int
  /// Time since the beginning.
  public let seconds: Double
  /// Examples a second, from the beginning until now.
  public var rate: Double { seconds > 0 ? Double(done) / seconds : 0 }

  /// A moment of an evaluation.
  public init(done: Int, total: Int, seconds: Double) {
    self.done = done
    self.total = total
    self.seconds = seconds
  }
}
