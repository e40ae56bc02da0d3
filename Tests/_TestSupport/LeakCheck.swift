import Tensors
public import Testing

/// Runs a body and checks that it leaves no tensor behind.
public func withoutLeaks(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) rethrows {
  let before = Engine.liveTensors
  try body()
  #expect(Engine.liveTensors == before, "tensors leaked", sourceLocation: sourceLocation)
}
