/// How often, and after how long, a request that failed for a reason that may pass is sent again.
public struct HubRetries: Sendable, Equatable {
  /// How often in all; a mebibyte that arrives starts the count anew.
  public var attempts: Int
  /// The seconds before the second attempt; they double with each further one.
  public var firstWait: Double
  /// The longest wait that the Hub may ask for; if it asks for more, that is an error at once.
  public var longestWait: Double
  /// The seconds after which a connection that brings nothing is given up.
  public var stall: Int

  /// Five attempts, waiting 1, 2, 4 and 8 seconds, as huggingface_hub does.
  public init(attempts: Int = 5, firstWait: Double = 1, longestWait: Double = 60, stall: Int = 30) {
    self.attempts = attempts
    self.firstWait = firstWait
    self.longestWait = longestWait
    self.stall = stall
  }
}
