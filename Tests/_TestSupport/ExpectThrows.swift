public import Diagnostics
public import Testing

/// Runs a body that must throw this very error, whose message says where and, as a rule, what to do.
public func expect<E: Diagnostic>(
  _ error: E, sourceLocation: SourceLocation = #_sourceLocation, from body: () throws -> Void
) {
  do {
    try body()
    Issue.record("nothing was thrown; expected: \(error)", sourceLocation: sourceLocation)
  } catch let thrown as E {
    #expect(thrown == error, sourceLocation: sourceLocation)
  } catch {
    Issue.record("thrown: \(error)", sourceLocation: sourceLocation)
  }
}

/// Runs a body that must throw an error of this type, and returns it for a closer look.
public func thrown<E: Error>(
  _ type: E.Type, sourceLocation: SourceLocation = #_sourceLocation, by body: () throws -> Void
) throws -> E {
  try #require(throws: type, sourceLocation: sourceLocation, performing: body)
}
