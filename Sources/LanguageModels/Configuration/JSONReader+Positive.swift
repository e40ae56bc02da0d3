import JSON

extension JSONReader {
  /// A whole number above zero; a size.
  func positive(_ key: String, default standard: Int? = nil) throws -> Int {
    let value = if let standard { try int(ifPresent: key) ?? standard } else { try int(key) }
    guard value > 0 else {
      throw JSONError.type(key: key, expected: "a whole number above zero", got: String(value), source: source)
    }
    return value
  }
}
