import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A server for HTTP/1.1 on a free port of this machine: a thread that accepts, and one for each connection.
final class TestServer: Sendable {
  /// What is done with a connection in answer to a request.
  enum Step: Sendable {
    case send([UInt8])
    /// Ends the connection.
    case close
    /// Sends nothing until the other side gives up.
    case wait
  }

  struct Failed: Error { let call: String }

  let port: Int
  private let listener: Int32

  init() throws {
    #if canImport(Darwin)
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    guard descriptor >= 0 else { throw Failed(call: "socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else { throw Failed(call: "bind") }
    listener = descriptor
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  func start(_ answer: @escaping @Sendable (FakeHub.Request) -> [Step]) {
    let listener = listener
    Thread.detachNewThread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else {
          if errno == EINTR || errno == ECONNABORTED { continue }
          break
        }
        Thread.detachNewThread {
          Self.serve(connection, answer)
          close(connection)
        }
      }
      close(listener)
    }
  }

  /// Ends the thread that accepts.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private static func serve(_ connection: Int32, _ answer: (FakeHub.Request) -> [Step]) {
    #if canImport(Darwin)
      var on: Int32 = 1
      setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
    var received: [UInt8] = []
    while let request = nextRequest(connection, &received) {
      for step in answer(request) {
        switch step {
        case .send(let bytes): guard sendAll(bytes, to: connection) else { return }
        case .close: return
        case .wait:
          var byte: UInt8 = 0
          _ = recv(connection, &byte, 1, 0)
          return
        }
      }
    }
  }

  private static func nextRequest(_ connection: Int32, _ received: inout [UInt8]) -> FakeHub.Request? {
    let end = Array("\r\n\r\n".utf8)
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      if let range = received.firstRange(of: end) {
        let lines = String(decoding: received[..<range.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        received.removeSubrange(..<range.upperBound)
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let halves = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
          if halves.count == 2 { headers[halves[0].lowercased()] = halves[1] }
        }
        return FakeHub.Request(
          method: words[0], path: words[1].removingPercentEncoding ?? words[1], headers: headers, isToStore: false)
      }
      let count = recv(connection, &piece, piece.count, 0)
      guard count > 0 else { return nil }
      received += piece[..<count]
    }
  }

  private static func sendAll(_ bytes: [UInt8], to connection: Int32) -> Bool {
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(connection, $0.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}
