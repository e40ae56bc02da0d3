/// The head of an answer.
struct HTTPResponse {
  /// The status; 0 before there is one.
  var status = 0
  private var fields: [String: String] = [:]

  /// The value of a header; names do not know case.
  subscript(name: String) -> String? { fields[name.lowercased()] }

  var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

  /// Takes a line of the head; a line with a status begins another answer.
  mutating func take(_ line: String) {
    if line.hasPrefix("HTTP/") {
      self = HTTPResponse()
      let parts = line.split(separator: " ")
      status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace)
      fields[line[..<colon].lowercased()] = String(value.reversed())
    }
  }
}
