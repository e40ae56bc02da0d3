/// Divides every score by the temperature: below 1 sharpens the distribution, above 1 flattens it.
public struct Temperature: LogitStage {
  /// Above 0.
  public let temperature: Float

  /// A stage with a temperature above 0; greedy choice needs none.
  public init(_ temperature: Float) {
    self.temperature = temperature
  }

  public func apply(to logits: inout [Float], seen: Set<Int32>) {
    for i in logits.indices { logits[i] /= temperature }
  }
}
