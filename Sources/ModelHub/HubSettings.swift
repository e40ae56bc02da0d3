/// What the environment says of the Hub and of its cache, under the names that huggingface_hub reads.
public struct HubSettings: Sendable, Equatable {
  /// The address of the Hub or a mirror, without a slash at the end: `HF_ENDPOINT`.
  public var endpoint: String
  /// The folder of the cache: `HF_HUB_CACHE`, or `hub` in `HF_HOME`, or in `huggingface` in `XDG_CACHE_HOME` or ~/.cache.
  public var cache: String
  /// What is sent to the endpoint, and to it alone: `HF_TOKEN`, or what lies in `HF_TOKEN_PATH` or in `token` in `HF_HOME`.
  public var token: HubToken?
  /// Whether the network is not to be used: `HF_HUB_OFFLINE`.
  public var isOffline: Bool
  /// What is done about failures that pass.
  public var retries: HubRetries

  /// Reads the settings of an environment.
  ///
  /// - Parameter environment: such as `ProcessInfo.processInfo.environment`; read once, at the top of a program.
  /// - Throws: ``HubError/setting(name:got:expected:)``.
  public init(environment: [String: String], retries: HubRetries = HubRetries()) throws(HubError) {
    func value(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
    func isSet(_ names: String...) -> Bool {
      names.contains { ["1", "ON", "YES", "TRUE"].contains(environment[$0]?.uppercased()) }
    }
    let user = environment["HOME"] ?? "."
    func expanded(_ path: String) -> String { path.hasPrefix("~/") ? user + path.dropFirst() : path }

    let home = expanded(value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? user + "/.cache") + "/huggingface")
    cache = expanded(value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? home + "/hub")
    var endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
    while endpoint.hasSuffix("/") { endpoint.removeLast() }
    guard WebAddress(endpoint) != nil else {
      throw .setting(name: "HF_ENDPOINT", got: endpoint, expected: "an address such as https://huggingface.co")
    }
    self.endpoint = endpoint
    isOffline = isSet("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    self.retries = retries
    if isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN") { return }
    if let token = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") {
      self.token = try HubToken(token, source: "HF_TOKEN")
    } else {
      let file = expanded(value("HF_TOKEN_PATH") ?? home + "/token")
      if let token = try? FilePlace.text(of: file) { self.token = try HubToken(token, source: file) }
    }
  }
}

/// What proves to the Hub who asks.
public struct HubToken: Sendable, Equatable {
  /// The text that is sent.
  let text: String
  /// Where it was found: a variable or a file.
  public let source: String

  /// White space at both ends does not count; `nil` for a text of nothing else.
  ///
  /// - Throws: ``HubError/setting(name:got:expected:)`` for characters that would end a header.
  public init?(_ text: String, source: String) throws(HubError) {
    let isSpace: (Character) -> Bool = \.isWhitespace
    let trimmed = text.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    guard !trimmed.isEmpty else { return nil }
    guard trimmed.allSatisfy({ $0.isASCII && ("!"..."~").contains($0) }) else {
      throw .setting(name: source, got: "a text with other characters", expected: "a token: letters, digits and _")
    }
    self.text = String(trimmed)
    self.source = source
  }
}

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
