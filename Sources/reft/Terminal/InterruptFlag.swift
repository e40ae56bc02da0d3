import Dispatch
import Foundation
import Synchronization

/// Turns the first Ctrl-C into a request that is answered between two steps; a second one ends the program at once.
final class InterruptFlag: Sendable {
  private let raised = Atomic(false)

  /// Runs a body that asks the flag; before and after it Ctrl-C ends the program, as everywhere.
  static func watched<Result>(_ body: (InterruptFlag) throws -> Result) rethrows -> Result {
    let flag = InterruptFlag()
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      if flag.raised.exchange(true, ordering: .relaxed) { exit(130) }
      Console.note("\nstopping after this step; press Ctrl-C again to stop at once")
    }
    source.resume()
    defer {
      source.cancel()
      signal(SIGINT, SIG_DFL)
    }
    return try body(flag)
  }

  var isRaised: Bool { raised.load(ordering: .relaxed) }
}
