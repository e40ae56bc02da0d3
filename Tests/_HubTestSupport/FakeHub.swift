import Foundation
import JSON
import ModelHub
import Synchronization

/// A server on this machine that speaks the Hub's routes: a host that knows models, and another that stores large files.
package final class FakeHub: Sendable {
  /// A file of a model; large ones are reached through a redirect to the store.
  package struct File: Sendable {
    package let content: [UInt8]
    package let isLarge: Bool

    package init(_ content: [UInt8], isLarge: Bool = false) {
      self.content = content
      self.isLarge = isLarge
    }

    package init(_ text: String) { self.init(Array(text.utf8)) }

    package var hash: String { ContentHash(of: content, isLarge: isLarge).name }
  }

  /// What was asked.
  package struct Request: Sendable {
    package let method: String
    /// With percent signs resolved.
    package let path: String
    /// By lowercase names.
    package let headers: [String: String]
    package let isToStore: Bool
  }

  /// What goes wrong.
  package enum Fault: Sendable {
    case status(Int, [String: String] = [:])
    /// The connection ends after so many bytes of the body.
    case cut(after: Int)
    /// The first byte of the body is another one.
    case corrupt
    /// More comes than was announced.
    case tooMuch
    case ignoreRange
    /// Nothing comes.
    case stall
    /// The length of the body is not announced.
    case noLength
  }

  private struct Rule {
    let part: String
    let fault: Fault
    var times: Int
  }

  private struct State {
    var models: [String: [String: File]] = [:]
    var revisions: [String: String] = ["main": FakeHub.commit]
    var token: String?
    var rules: [Rule] = []
    var requests: [Request] = []
  }

  package static let commit = "0123456789abcdef0123456789abcdef01234567"

  private let state = Mutex(State())
  private let host: TestServer
  private let store: TestServer

  package init() throws {
    let (host, store) = (try TestServer(), try TestServer())
    (self.host, self.store) = (host, store)
    host.start { [weak self] in self?.answer($0, isStore: false) ?? [] }
    store.start { [weak self] in self?.answer($0, isStore: true) ?? [] }
  }

  deinit {
    host.stop()
    store.stop()
  }

  /// For `HF_ENDPOINT`.
  package var endpoint: String { "http://127.0.0.1:\(host.port)" }

  package func add(_ id: String, _ files: [String: File]) { state.withLock { $0.models[id] = files } }
  package func point(_ revision: String, to commit: String) { state.withLock { $0.revisions[revision] = commit } }
  /// Only who sends this token is answered by the host; who sends one to the store is refused.
  package func require(token: String) { state.withLock { $0.token = token } }
  /// Requests whose method and path (`GET /org/name/…`) hold a text go wrong a number of times.
  package func fail(_ part: String, _ fault: Fault, times: Int = .max) {
    state.withLock { $0.rules.append(Rule(part: part, fault: fault, times: times)) }
  }
  package func mend() { state.withLock { $0.rules = [] } }
  package var requests: [Request] { state.withLock(\.requests) }
  package func forgetRequests() { state.withLock { $0.requests = [] } }

  // MARK: Answers

  private func answer(_ request: Request, isStore: Bool) -> [TestServer.Step] {
    let request = Request(
      method: request.method, path: request.path, headers: request.headers, isToStore: isStore)
    let fault: Fault? = state.withLock { state in
      state.requests.append(request)
      let line = "\(request.method) \(request.path)"
      guard let index = state.rules.firstIndex(where: { $0.times > 0 && line.contains($0.part) }) else { return nil }
      state.rules[index].times -= 1
      return state.rules[index].fault
    }
    if case .status(let code, let headers) = fault { return Self.plain(code, headers, "sorry", request) }
    if case .stall = fault { return [.wait] }
    return isStore ? stored(request, fault) : known(request, fault)
  }

  private func known(_ request: Request, _ fault: Fault?) -> [TestServer.Step] {
    let (models, revisions, token) = state.withLock { ($0.models, $0.revisions, $0.token) }
    if let token, request.headers["authorization"] != "Bearer \(token)" {
      return Self.plain(401, ["X-Error-Message": "Invalid credentials in Authorization header"], "", request)
    }
    let parts = request.path.split(separator: "/").map(String.init)
    if parts.count >= 6, parts[0] == "api", parts[1] == "models", parts[4] == "revision" {
      guard let files = models["\(parts[2])/\(parts[3])"] else {
        return Self.plain(404, ["X-Error-Code": "RepoNotFound"], "", request)
      }
      let revision = parts.dropFirst(5).joined(separator: "/")
      guard let commit = revisions[revision] ?? revisions.values.first(where: { $0 == revision }) else {
        return Self.plain(404, ["X-Error-Code": "RevisionNotFound"], "", request)
      }
      let siblings = files.keys.sorted().map { JSONValue.object(["rfilename": .string($0)]) }
      let listing: JSONValue = [
        "id": .string("\(parts[2])/\(parts[3])"), "sha": .string(commit), "siblings": .array(siblings),
      ]
      return Self.content(Array(listing.text.utf8), request, ["Content-Type": "application/json"], fault)
    }
    guard parts.count >= 5, parts[2] == "resolve",
      let file = models["\(parts[0])/\(parts[1])"]?[parts.dropFirst(4).joined(separator: "/")]
    else { return Self.plain(404, ["X-Error-Code": "EntryNotFound"], "", request) }
    let commit = revisions[parts[3]] ?? parts[3]
    guard file.isLarge else {
      return Self.content(file.content, request, ["ETag": "\"\(file.hash)\"", "X-Repo-Commit": commit], fault)
    }
    let headers = [
      "Location": "http://127.0.0.1:\(store.port)/\(file.hash)?signature=1", "X-Linked-Etag": "\"\(file.hash)\"",
      "X-Linked-Size": "\(file.content.count)", "X-Repo-Commit": commit,
    ]
    return Self.plain(302, headers, "Found. Redirecting", request)
  }

  private func stored(_ request: Request, _ fault: Fault?) -> [TestServer.Step] {
    if request.headers["authorization"] != nil { return Self.plain(400, [:], "only one auth mechanism", request) }
    let hash = request.path.dropFirst().prefix { $0 != "?" }
    let file = state.withLock { state in
      state.models.values.lazy.flatMap(\.values).first { $0.isLarge && $0.hash == hash }
    }
    guard let file else { return Self.plain(404, [:], "NoSuchKey", request) }
    return Self.content(file.content, request, ["ETag": "\"a-hash-of-the-store\""], fault)
  }

  private static func content(
    _ content: [UInt8], _ request: Request, _ headers: [String: String], _ fault: Fault?
  ) -> [TestServer.Step] {
    var (body, status, headers) = (content, 200, headers)
    if let range = request.headers["range"], !fault.isIgnoreRange {
      let start = Int(range.dropFirst("bytes=".count).dropLast()) ?? 0
      guard start < content.count else { return plain(416, ["Content-Range": "bytes */\(content.count)"], "", request) }
      body = Array(content[start...])
      status = 206
      headers["Content-Range"] = "bytes \(start)-\(content.count - 1)/\(content.count)"
    }
    var isLengthKnown = true
    var ends = false
    headers["Content-Length"] = "\(body.count)"
    switch fault {
    case .cut(let count): (body, ends) = (Array(body.prefix(count)), true)
    case .corrupt: if !body.isEmpty { body[0] ^= 0xff }
    case .tooMuch:
      body += body
      headers["Content-Length"] = "\(body.count)"
    case .noLength: isLengthKnown = false
    default: break
    }
    if !isLengthKnown {
      headers["Content-Length"] = nil
      headers["Connection"] = "close"
      (body, ends) = (Array(body.prefix(body.count / 2)), true)
    }
    let head = TestServer.Step.send(Self.head(status, headers))
    if request.method == "HEAD" { return [head] }
    return [head, .send(body)] + (ends ? [.close] : [])
  }

  private static func plain(
    _ status: Int, _ headers: [String: String], _ text: String, _ request: Request
  ) -> [TestServer.Step] {
    let body = Array(text.utf8)
    let head = Self.head(status, headers.merging(["Content-Length": "\(body.count)"]) { $1 })
    return request.method == "HEAD" ? [.send(head)] : [.send(head), .send(body)]
  }

  private static func head(_ status: Int, _ headers: [String: String]) -> [UInt8] {
    let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
    return Array("HTTP/1.1 \(status) Status\r\n\(lines)\r\n".utf8)
  }
}

extension FakeHub.Fault? {
  fileprivate var isIgnoreRange: Bool { if case .ignoreRange = self { true } else { false } }
}
