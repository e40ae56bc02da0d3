extension Array {
  /// The first `limit` items, or with a seed the `limit` items that Python's `random.seed(seed); random.sample(items, limit)`
  /// draws, in its order; all of them without a limit.
  ///
  /// - Parameter path: where the items come from, for the error.
  /// - Throws: `TaskError.limitTooLarge` or, for a limit below one, `.countTooSmall`.
  public func drawn(limit: Int?, seed: Int?, path: String) throws(TaskError) -> [Element] {
    guard let limit else { return self }
    guard limit >= 1 else { throw .countTooSmall(name: "limit", count: limit, minimum: 1) }
    guard limit <= count else { throw .limitTooLarge(limit: limit, available: count, path: path) }
    guard let seed else { return Array(prefix(limit)) }
    var random = PythonRandom(seed: seed)
    return random.sample(of: count, limit).map { self[$0] }
  }
}
