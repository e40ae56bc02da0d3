#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Asks the Hub, patiently: redirects, retries, and errors that say what to do.
final class HubClient {
  private let settings: HubSettings
  private let model: HubModel
  private let endpoint: WebAddress
  private let connection: HTTPConnection

  init(_ settings: HubSettings, for model: HubModel) throws(HubError) {
    guard let endpoint = WebAddress(settings.endpoint) else {
      throw .setting(name: "HF_ENDPOINT", got: settings.endpoint, expected: "an address such as https://huggingface.co")
    }
    self.settings = settings
    self.model = model
    self.endpoint = endpoint
    connection = try HTTPConnection(stall: settings.retries.stall)
  }

  // MARK: Routes

  /// The commit that the revision stands for, and the files in it.
  func listing() throws(HubError) -> HubListing {
    let address = endpoint.appending("/api/models/\(model.id)/revision/\(WebAddress.escaped(model.revision))")
    let body = CollectedBody()
    let response = try exchange(.get, address, file: nil, to: body)
    guard response.status == 200 else { throw failure(response, address, file: nil) }
    return try HubListing(body.bytes, address: address.text)
  }

  /// Size and hash of a file.
  func facts(of file: String, commit: String) throws(HubError) -> HubFile {
    let address = self.address(of: file, commit: commit)
    let response = try exchange(.head, address, file: file, to: NoBody())
    // Large files answer with a redirect to where they are stored, and say in their own headers what will come.
    let isLarge = response["X-Linked-Etag"] != nil
    guard isLarge || response.status == 200 else { throw failure(response, address, file: file) }
    guard let hash = (response["X-Linked-Etag"] ?? response["ETag"]).flatMap(ContentHash.init(tag:)) else {
      throw .answer(address: address.text, problem: "the answer has no hash of the file in ETag or X-Linked-Etag")
    }
    guard let size = (response["X-Linked-Size"] ?? response["Content-Length"]).flatMap(Int.init), size >= 0 else {
      throw .answer(address: address.text, problem: "the answer does not say how long the file is")
    }
    return HubFile(path: file, hash: hash, size: size)
  }

  /// Lets a body take a file from where it has come to.
  func content(of file: String, commit: String, to body: any HTTPBody, total: Int) throws(HubError) {
    let address = self.address(of: file, commit: commit)
    let response = try exchange(.get, address, file: file, total: total, to: body)
    guard response.status == 200 || response.status == 206 else { throw failure(response, address, file: file) }
  }

  private func address(of file: String, commit: String) -> WebAddress {
    endpoint.appending("/\(model.id)/resolve/\(commit)/\(WebAddress.escaped(file, keeping: "/"))")
  }

  // MARK: Patience

  /// Sends a request until it is answered, as often as the settings say.
  private func exchange(
    _ method: HTTPConnection.Method, _ address: WebAddress, file: String?, total: Int? = nil, to body: any HTTPBody
  ) throws(HubError) -> HTTPResponse {
    let retries = settings.retries
    var (attempt, wait, reached) = (1, retries.firstWait, body.offset)
    while true {
      if body.offset - reached >= 1 << 20 { (attempt, wait, reached) = (1, retries.firstWait, body.offset) }
      let isLast = attempt >= retries.attempts
      do throws(HTTPFailure) {
        let response = try follow(method, address, to: body)
        switch response.status {
        case 429:
          let asked = response["Retry-After"].flatMap(Double.init)
          guard !isLast, (asked ?? 0) <= retries.longestWait else {
            throw HTTPFailure.body(
              .tooManyRequests(
                endpoint: settings.endpoint, wait: asked.flatMap { Int(exactly: $0.rounded(.up)) },
                hasToken: settings.token != nil))
          }
          wait = max(wait, asked ?? 0)
        case 500, 502, 503, 504, 416:
          // 416: more was asked to be left out than there is; the body has begun anew.
          if isLast { return response }
        case 200, 206:
          // Where the length was not announced, an early end looks like an end.
          if let total, body.offset < total { throw HTTPFailure.cutOff("the answer ended early") }
          return response
        default: return response
        }
      } catch {
        switch error {
        case .body(let error): throw error
        case .unreachable(let reason):
          // What never began is not going to; what has begun is worth waiting for.
          if isLast || body.offset == 0 {
            throw .unreachable(endpoint: address.origin, model: model.description, reason: reason)
          }
        case .cutOff(let reason):
          guard isLast else { break }
          guard let file else {
            throw .unreachable(endpoint: address.origin, model: model.description, reason: reason)
          }
          throw .cutOff(file: file, model: model.description, done: body.offset, total: total, reason: reason)
        case .other(let reason): throw .transfer(address: address.text, reason: reason)
        }
      }
      usleep(UInt32(min(wait, 3600) * 1_000_000))
      attempt += 1
      wait *= 2
    }
  }

  /// Sends a request and follows redirects, up to the place where a large file is stored.
  ///
  /// The token goes to the endpoint alone: the stores of large files are other hosts, and their addresses are signed.
  private func follow(
    _ method: HTTPConnection.Method, _ address: WebAddress, to body: any HTTPBody
  ) throws(HTTPFailure) -> HTTPResponse {
    var address = address
    for _ in 0..<6 {
      // A compressed answer would have another length and no ranges.
      var headers = ["Accept-Encoding: identity"]
      if let token = settings.token, address.origin == endpoint.origin {
        headers.append("Authorization: Bearer \(token.text)")
      }
      if body.offset > 0 { headers.append("Range: bytes=\(body.offset)-") }
      let response = try connection.send(method, address, headers: headers, to: body)
      guard response.isRedirect, !(method == .head && response["X-Linked-Etag"] != nil) else { return response }
      guard let next = response["Location"].flatMap(address.following) else {
        throw .other("a redirect leads nowhere: '\(response["Location"] ?? "")'")
      }
      address = next
    }
    throw .other("too many redirects")
  }

  // MARK: Errors

  private func failure(_ response: HTTPResponse, _ address: WebAddress, file: String?) -> HubError {
    let (code, reason) = (response["X-Error-Code"], response["X-Error-Message"])
    switch response.status {
    case 401, 403:
      return .refused(
        model: model.description, page: "\(settings.endpoint)/\(model.id)", status: response.status,
        token: settings.token?.source, reason: reason)
    case 404 where file != nil && code != "RepoNotFound" && code != "RevisionNotFound":
      return .noFile(file: file ?? "", model: model.description, nearest: nil, choices: [])
    case 404:
      let isRevision = code == "RevisionNotFound" || (code == nil && model.revision != "main")
      return .notFound(
        model: model.description, endpoint: settings.endpoint,
        what: isRevision ? "revision '\(model.revision)' of \(model.id)" : "model '\(model.id)'")
    default: return .status(response.status, address: address.text, reason: reason)
    }
  }
}

/// A short body, kept in memory.
private final class CollectedBody: HTTPBody {
  private(set) var bytes: [UInt8] = []
  private static let limit = 64 << 20

  let offset = 0

  func begin(_ response: HTTPResponse) -> Bool {
    bytes = []
    return response.status == 200
  }

  func take(_ piece: UnsafeRawBufferPointer) throws(HubError) {
    guard bytes.count + piece.count <= Self.limit else {
      throw .answer(address: "list of files", problem: "the answer is longer than \(Self.limit) bytes")
    }
    bytes += piece
  }
}

/// The body of an answer that has none.
private final class NoBody: HTTPBody {
  let offset = 0
  func begin(_ response: HTTPResponse) -> Bool { false }
  func take(_ bytes: UnsafeRawBufferPointer) {}
}
