import Dispatch
import Synchronization

/// A value that another thread makes while this one does something else.
final class Meanwhile<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let finished = DispatchGroup()

  init(_ make: @escaping @Sendable () throws -> Value) {
    finished.enter()
    DispatchQueue.global(qos: .userInitiated).async { [self] in
      let result = Result { try make() }
      outcome.withLock { $0 = result }
      finished.leave()
    }
  }

  /// Throws if the other thread has already failed.
  func check() throws {
    if case .failure(let error) = outcome.withLock({ $0 }) { throw error }
  }

  /// The value, waited for where it is not there yet.
  var value: Value {
    get throws {
      finished.wait()
      guard let result = outcome.withLock({ $0 }) else {
        preconditionFailure("it has finished, so there is an outcome")
      }
      return try result.get()
    }
  }
}
