import Dispatch
import Foundation
import Synchronization

/// Turns the first Ctrl-C into a request that is answered between two steps; a second one ends the program at once.
final class InterruptFlag: Sendable {
  private let raised = Atomic(false)
  // Set once here and never touched again.
  private nonisolated(unsafe) let source: any DispatchSourceSignal

  init() {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { [self] in
      if raised.exchange(true, ordering: .relaxed) { exit(130) }
      Console.note("\nstopping after this step; press Ctrl-C again to stop at once")
    }
    source.resume()
  }

  var isRaised: Bool { raised.load(ordering: .relaxed) }
}
