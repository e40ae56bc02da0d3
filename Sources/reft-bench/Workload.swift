import JSON

/// Something that is made ready once and then done in rounds.
protocol Workload {
  /// What the driver learns before the first round.
  var ready: JSONObject { get }
  /// Does one round; the answer has its `seconds`, and the counts that rates are made of.
  mutating func round(_ request: JSONReader) throws -> JSONObject
}

/// Seconds of a piece of work.
func seconds(of work: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  return try clock.measure(work) / .seconds(1)
}
