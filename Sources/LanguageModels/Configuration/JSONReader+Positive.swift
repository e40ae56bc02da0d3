import JSON

extension JSONReader {
  /// The largest size that a configuration may name: the product of two of them still fits.
  static let largestSize = 1 << 28

  /// A whole number above zero that a model can have; a size.
  func positive(_ key: String, default standard: Int? = nil, upTo limit: Int = JSONReader.largestSize) throws -> Int {
    let value = if let standard { try int(ifPresent: key) ?? standard } else { try int(key) }
    guard value > 0 else {
      throw JSONError.type(key: key, expected: "a whole number above zero", got: String(value), source: source)
    }
    guard value <= limit else {
      throw JSONError.type(key: key, expected: "a whole number up to \(limit)", got: String(value), source: source)
    }
    return value
  }

  /// The number of layers, for each of which something is kept before any tensor is looked at.
  func layers(_ key: String) throws -> Int { try positive(key, upTo: 1 << 16) }

  /// An array of one item a layer; `nil` where the key is absent.
  func perLayer(_ key: String, layers: Int) throws -> [JSONValue]? {
    guard let items = try array(ifPresent: key) else { return nil }
    guard items.count == layers else {
      throw ModelError.inconsistent(problem: "\(key) has \(items.count) items for \(layers) layers", source: source)
    }
    return items
  }

  /// A number above zero, or what the architecture takes where there is none.
  func above(zero key: String, default standard: Double) throws -> Double {
    let value = try double(ifPresent: key) ?? standard
    guard value > 0, value.isFinite else {
      throw JSONError.type(key: key, expected: "a number above zero", got: "\(value)", source: source)
    }
    return value
  }
}
