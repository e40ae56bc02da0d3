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
