extension JSONValue {
  /// Parses one JSON document (RFC 8259), strictly: no comments, no trailing commas, no repeated names, nothing after it.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - source: what the text is called in an error, such as a file name or `data.jsonl, line 7`.
  public init(parsing text: some Collection<UInt8>, source: String) throws(JSONError) {
    let result: Result<JSONValue, JSONError>? = text.withContiguousStorageIfAvailable { buffer in
      JSONValue.parse(UnsafeRawBufferPointer(buffer), source: source)
    }
    if let result {
      self = try result.get()
    } else {
      let copy = Array(text)
      self = try copy.withUnsafeBytes { JSONValue.parse($0, source: source) }.get()
    }
  }

  /// Parses one JSON document from a string.
  public init(parsing text: String, source: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), source: source)
  }

  private static func parse(_ bytes: UnsafeRawBufferPointer, source: String) -> Result<JSONValue, JSONError> {
    var parser = JSONParser(bytes: bytes, source: source)
    do throws(JSONError) {
      return .success(try parser.document())
    } catch {
      return .failure(error)
    }
  }
}

private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let source: String
  var at = 0
  var depth = 0

  /// Deeper nesting than any real file has; a hostile one must not exhaust the stack.
  static let maximumDepth = 512

  init(bytes: UnsafeRawBufferPointer, source: String) {
    self.bytes = bytes
    self.source = source
  }

  mutating func document() throws(JSONError) -> JSONValue {
    skipSpace()
    let value = try value()
    skipSpace()
    guard at == bytes.count else { throw error("text after the end of the document") }
    return value
  }

  private func error(_ problem: String) -> JSONError {
    let (line, column) = place(of: at)
    return .syntax(problem: problem, source: source, line: line, column: column)
  }

  private func place(of offset: Int) -> (line: Int, column: Int) {
    var line = 1
    var lineStart = 0
    for i in 0..<min(offset, bytes.count) where bytes[i] == 0x0A {
      line += 1
      lineStart = i + 1
    }
    return (line, offset - lineStart + 1)
  }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[at]) { at += 1 }
  }

  private func peek() -> UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func value() throws(JSONError) -> JSONValue {
    guard let byte = peek() else { throw error("the text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("a value cannot begin with '\(Character(UnicodeScalar(byte)))'")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let length = word.utf8CodeUnitCount
    guard at + length <= bytes.count,
      (0..<length).allSatisfy({ bytes[at + $0] == word.utf8Start[$0] })
    else { throw error("expected '\(word)'") }
    at += length
    return value
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
    at += 1
    skipSpace()
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    try enter()
    defer { depth -= 1 }
    var items: [JSONValue] = []
    if peek() == UInt8(ascii: "]") {
      at += 1
      return .array(items)
    }
    while true {
      items.append(try value())
      skipSpace()
      if peek() == UInt8(ascii: "]") {
        at += 1
        return .array(items)
      }
      guard peek() == UInt8(ascii: ",") else { throw error("expected ',' or ']' in an array") }
      at += 1
      skipSpace()
    }
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    try enter()
    defer { depth -= 1 }
    var object = JSONObject()
    if peek() == UInt8(ascii: "}") {
      at += 1
      return .object(object)
    }
    while true {
      guard peek() == UInt8(ascii: "\"") else { throw error("expected a key in quotes") }
      let keyStart = at
      let key = try string()
      guard object[key] == nil else {
        throw .duplicateKey(key: key, source: source, line: place(of: keyStart).line)
      }
      skipSpace()
      guard peek() == UInt8(ascii: ":") else { throw error("expected ':' after a key") }
      at += 1
      skipSpace()
      object[key] = try value()
      skipSpace()
      if peek() == UInt8(ascii: "}") {
        at += 1
        return .object(object)
      }
      guard peek() == UInt8(ascii: ",") else { throw error("expected ',' or '}' in an object") }
      at += 1
      skipSpace()
    }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = at
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
    if peek() == UInt8(ascii: "-") { at += 1 }
    guard isDigit(peek()) else { throw error("expected a digit") }
    if peek() == UInt8(ascii: "0") { at += 1 } else { while isDigit(peek()) { at += 1 } }
    var whole = true
    if peek() == UInt8(ascii: ".") {
      whole = false
      at += 1
      guard isDigit(peek()) else { throw error("expected a digit after '.'") }
      while isDigit(peek()) { at += 1 }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      whole = false
      at += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { at += 1 }
      guard isDigit(peek()) else { throw error("expected a digit in the exponent") }
      while isDigit(peek()) { at += 1 }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if whole, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw error("the number \(text) is out of range") }
    return .number(number)
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    let start = at
    while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 {
      at += 1
    }
    if peek() == UInt8(ascii: "\"") {
      defer { at += 1 }
      return try validated(bytes[start..<at])
    }
    var unescaped = Array(bytes[start..<at])
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        return try validated(unescaped[...])
      case UInt8(ascii: "\\"): try escape(into: &unescaped)
      case 0..<0x20: throw error("a control character stands unescaped in a string")
      default:
        unescaped.append(byte)
        at += 1
      }
    }
    throw error("a string is not closed")
  }

  private func validated(_ bytes: some Collection<UInt8>) throws(JSONError) -> String {
    guard let string = String(validating: bytes, as: UTF8.self) else { throw error("a string is not valid UTF-8") }
    return string
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(JSONError) {
    at += 1
    guard let byte = peek() else { throw error("a string is not closed") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var code = UInt32(try hexadecimal())
      if (0xD800..<0xDC00).contains(code), at + 1 < self.bytes.count, self.bytes[at] == UInt8(ascii: "\\"),
        self.bytes[at + 1] == UInt8(ascii: "u")
      {
        let before = at
        at += 2
        let low = UInt32(try hexadecimal())
        if (0xDC00..<0xE000).contains(low) {
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        } else {
          at = before
        }
      }
      // A lone surrogate has no place in UTF-8; Python's json keeps it, every tokenizer then replaces it.
      let scalar = UnicodeScalar(code) ?? "\u{FFFD}"
      bytes.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw error("unknown escape '\\\(Character(UnicodeScalar(byte)))'")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt16 {
    guard at + 4 <= bytes.count, bytes[at..<at + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let code = UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits after '\\u'") }
    at += 4
    return code
  }
}
