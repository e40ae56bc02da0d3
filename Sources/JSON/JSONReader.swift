import Diagnostics

/// Reads members of one object with errors that name the key, the file, and the nearest name.
public struct JSONReader: Sendable {
  /// The members that are read.
  public let object: JSONObject
  /// What the object is called in errors: a file, or a file and a key path.
  public let source: String

  /// A reader of an object that is there already.
  public init(_ object: JSONObject, source: String) {
    self.object = object
    self.source = source
  }

  /// Reads a document whose root must be an object.
  public init(_ value: JSONValue, source: String) throws(JSONError) {
    guard let object = value.object else {
      throw .type(key: "(root)", expected: "an object", got: value.kind, source: source)
    }
    self.init(object, source: source)
  }

  private func read<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(JSONError) -> T? {
    guard let value = object[key], !value.isNull else { return nil }
    guard let converted = convert(value) else {
      throw .type(key: key, expected: expected, got: value.kind, source: source)
    }
    return converted
  }

  private func required<T>(_ key: String, _ value: T?) throws(JSONError) -> T {
    guard let value else {
      throw .missing(key: key, source: source, nearest: NearestName.closest(to: key, in: object.keys))
    }
    return value
  }

  /// A whole number that may be absent or null; `1.0` is none.
  public func int(ifPresent key: String) throws(JSONError) -> Int? { try read(key, "a whole number", \.int) }
  /// A number, whole or not, that may be absent or null.
  public func double(ifPresent key: String) throws(JSONError) -> Double? { try read(key, "a number", \.double) }
  /// A string that may be absent or null.
  public func string(ifPresent key: String) throws(JSONError) -> String? { try read(key, "a string", \.string) }
  /// `true` or `false`, or absent or null; 0 and 1 are errors.
  public func bool(ifPresent key: String) throws(JSONError) -> Bool? { try read(key, "true or false", \.bool) }
  /// An array that may be absent or null; its items are of any kind.
  public func array(ifPresent key: String) throws(JSONError) -> [JSONValue]? { try read(key, "an array", \.array) }
  /// A reader of an object that may be absent or null; its errors name the path to it.
  public func reader(ifPresent key: String) throws(JSONError) -> JSONReader? {
    try read(key, "an object", \.object).map { JSONReader($0, source: "\(source), '\(key)'") }
  }

  /// A whole number that must be there; `1.0` is none.
  public func int(_ key: String) throws(JSONError) -> Int { try required(key, int(ifPresent: key)) }
  /// A number, whole or not, that must be there.
  public func double(_ key: String) throws(JSONError) -> Double { try required(key, double(ifPresent: key)) }
  /// A string that must be there.
  public func string(_ key: String) throws(JSONError) -> String { try required(key, string(ifPresent: key)) }
  /// `true` or `false`, which must be there.
  public func bool(_ key: String) throws(JSONError) -> Bool { try required(key, bool(ifPresent: key)) }
  /// An array that must be there.
  public func array(_ key: String) throws(JSONError) -> [JSONValue] { try required(key, array(ifPresent: key)) }
  /// A reader of an object that must be there; its errors name the path to it.
  public func reader(_ key: String) throws(JSONError) -> JSONReader { try required(key, reader(ifPresent: key)) }

  /// Refuses members that nobody reads.
  public func allow(only keys: [String]) throws(JSONError) {
    for key in object.keys where !keys.contains(key) { throw .unknown(key: key, source: source, valid: keys) }
  }
}
