public import Testing

/// Runs the tests of a suite one at a time, also against other suites that have this trait: leak checks count the tensors
/// of the whole process, and two tests at once starve each other of cores.
public struct EngineAlone: TestTrait, SuiteTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    // Suites and the tests that hold cases are not work themselves.
    guard testCase != nil else { return try await function() }
    await Turn.shared.take()
    do {
      try await function()
      await Turn.shared.pass()
    } catch {
      await Turn.shared.pass()
      throw error
    }
  }
}

extension Trait where Self == EngineAlone {
  /// The test uses the engine and must be the only one that does.
  public static var engineAlone: Self { Self() }
}

/// A fair lock that does not block threads.
private actor Turn {
  static let shared = Turn()
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func take() async {
    if !isTaken {
      isTaken = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func pass() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
