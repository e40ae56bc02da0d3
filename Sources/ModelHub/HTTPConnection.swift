// The door to HTTP: no other file speaks it.
import CTransfer

/// Gets the body of an answer, piece by piece.
protocol HTTPBody: AnyObject {
  /// How many of the first bytes are there already, from an earlier answer: they are not asked for again.
  var offset: Int { get }
  /// Whether the body is wanted, now that the head is known.
  func begin(_ response: HTTPResponse) throws(HubError) -> Bool
  /// The next piece; the sender waits meanwhile.
  func take(_ bytes: UnsafeRawBufferPointer) throws(HubError)
}

/// Why there is no whole answer.
enum HTTPFailure: Error {
  /// Nobody answers under the address.
  case unreachable(String)
  /// The connection ended, stalled or broke.
  case cutOff(String)
  /// Anything else, which another attempt does not mend.
  case other(String)
  /// The receiver wanted no more.
  case body(HubError)
}

/// A connection that is kept from one request to the next.
final class HTTPConnection {
  enum Method { case get, head }

  private let transfer: OpaquePointer
  private let stall: Int

  /// - Parameter stall: the seconds after which a connection that brings nothing is given up.
  init(stall: Int) throws(HubError) {
    var message = [CChar](repeating: 0, count: 256)
    guard let transfer = reft_transfer_open(&message) else { throw .noTransfer(reason: Self.text(message)) }
    self.transfer = transfer
    self.stall = stall
  }

  deinit { reft_transfer_close(transfer) }

  /// One request and its answer; redirects are not followed.
  func send(
    _ method: Method, _ address: WebAddress, headers: [String], to body: any HTTPBody
  ) throws(HTTPFailure) -> HTTPResponse {
    let receiver = Receiver(body)
    var message = [CChar](repeating: 0, count: 256)
    let lines = headers.map { line in line.utf8CString.withUnsafeBufferPointer { copy($0) } }
    defer { for line in lines { line.deallocate() } }
    let end = withExtendedLifetime(receiver) {
      address.text.withCString { url in
        (lines.map { UnsafePointer($0) as UnsafePointer<CChar>? } + [nil]).withUnsafeBufferPointer { headers in
          var request = reft_transfer_request()
          request.url = url
          request.head = method == .head ? 1 : 0
          request.headers = headers.baseAddress
          request.direct = address.isThisMachine ? 1 : 0
          request.connect_seconds = stall
          request.stall_seconds = stall
          request.context = Unmanaged.passUnretained(receiver).toOpaque()
          request.on_header = { context, bytes, count in
            guard let context, let bytes else { return 1 }
            let line = UnsafeRawBufferPointer(start: bytes, count: count)
            Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue().takeLine(line)
            return 0
          }
          request.on_body = { context, bytes, count in
            guard let context else { return 1 }
            let piece = UnsafeRawBufferPointer(start: bytes, count: count)
            return Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue().take(piece) ? 0 : 1
          }
          return reft_transfer_run(transfer, &request, &message)
        }
      }
    }
    let reason = Self.text(message)
    switch end {
    case REFT_TRANSFER_DONE: break
    case REFT_TRANSFER_STOPPED:
      if let error = receiver.error { throw .body(error) }
      throw .other("the answer was not wanted")
    case REFT_TRANSFER_UNREACHABLE: throw .unreachable(reason)
    case REFT_TRANSFER_CUT_OFF: throw .cutOff(reason)
    default: throw .other(reason)
    }
    // A body without a byte never came by.
    do throws(HubError) {
      try receiver.begin()
    } catch {
      throw .body(error)
    }
    return receiver.response
  }

  private func copy(_ text: UnsafeBufferPointer<CChar>) -> UnsafeMutablePointer<CChar> {
    let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.count)
    _ = copy.initialize(from: text)
    return copy.baseAddress!  // a C string has at least its zero
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
  }
}

/// What the callbacks of one request share.
private final class Receiver {
  let body: any HTTPBody
  var response = HTTPResponse()
  var error: HubError?
  private var wanted: Bool?

  init(_ body: any HTTPBody) { self.body = body }

  func takeLine(_ line: UnsafeRawBufferPointer) {
    response.take(String(decoding: line, as: UTF8.self))
    wanted = nil
  }

  func begin() throws(HubError) {
    if wanted == nil { wanted = try body.begin(response) }
  }

  /// Whether to go on.
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(HubError) {
      try begin()
      if wanted == true { try body.take(bytes) }
      return true
    } catch {
      self.error = error
      return false
    }
  }
}
