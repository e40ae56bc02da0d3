/// A value of GGUF metadata; the widths of numbers are not kept.
public enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  /// A 64-bit number that does not fit `Int`.
  case unsigned(UInt64)
  /// Single precision, kept as such so that it prints as it was meant (`1e-05`).
  case float(Float)
  case double(Double)
  case bool(Bool)
  case string(String)
  case array([GGUFValue])

  /// What kind of value this is, as an error message names it.
  var kind: String {
    switch self {
    case .integer, .unsigned: "a whole number"
    case .float, .double: "a number"
    case .bool: "a truth value"
    case .string: "a string"
    case .array: "an array"
    }
  }

  /// The whole number, `nil` for another kind of value and for one beyond `Int`.
  public var int: Int? { if case .integer(let value) = self { value } else { nil } }
  /// The truth value, `nil` for another kind of value.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The string, `nil` for another kind of value.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The items, `nil` for another kind of value.
  public var array: [GGUFValue]? { if case .array(let value) = self { value } else { nil } }
  /// Any number; single precision becomes the double with the same shortest decimal text.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .float(let value): Self.shortest(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The double with the same shortest decimal text: what was written as 1e-05 reads as 1e-05.
  static func shortest(_ value: Float) -> Double { Double(value.description) ?? Double(value) }
}

/// The metadata of a GGUF file: keys in order, with typed access whose errors name the key and the file.
public struct GGUFMetadata: Sendable {
  /// The keys in the order of the file.
  public private(set) var keys: [String] = []
  private var values: [String: GGUFValue] = [:]
  let file: String

  init(file: String) { self.file = file }

  /// The value of a key, if there is one.
  public subscript(key: String) -> GGUFValue? { values[key] }

  /// Adds a value; `false` if the key is already there.
  mutating func add(_ key: String, _ value: GGUFValue) -> Bool {
    guard values[key] == nil else { return false }
    keys.append(key)
    values[key] = value
    return true
  }

  private func read<T>(
    _ key: String, _ expected: String, _ convert: (GGUFValue) -> T?
  ) throws(CheckpointError) -> T? {
    guard let value = values[key] else { return nil }
    guard let converted = convert(value) else {
      throw .malformed(file: file, place: "metadata '\(key)'", problem: "expected \(expected), got \(value.kind)")
    }
    return converted
  }

  func int(_ key: String) throws(CheckpointError) -> Int? { try read(key, "a whole number", \.int) }
  func double(_ key: String) throws(CheckpointError) -> Double? { try read(key, "a number", \.double) }
  func bool(_ key: String) throws(CheckpointError) -> Bool? { try read(key, "a truth value", \.bool) }
  func string(_ key: String) throws(CheckpointError) -> String? { try read(key, "a string", \.string) }

  func strings(_ key: String) throws(CheckpointError) -> [String]? {
    try read(key, "an array of strings") { $0.array?.allOrNil(\.string) }
  }
  func ints(_ key: String) throws(CheckpointError) -> [Int]? {
    try read(key, "an array of whole numbers") { $0.array?.allOrNil(\.int) }
  }
  /// Bytes, which files write as numbers with a sign or without.
  func bytes(_ key: String) throws(CheckpointError) -> [UInt8]? {
    try read(key, "an array of bytes") {
      $0.array?.allOrNil { $0.int.flatMap { UInt8(exactly: $0) ?? Int8(exactly: $0).map(UInt8.init(bitPattern:)) } }
    }
  }
  func floats(_ key: String) throws(CheckpointError) -> [Float]? {
    try read(key, "an array of numbers") { $0.array?.allOrNil { $0.double.map { Float($0) } } }
  }

  /// The value of a key that must be there.
  func required<T>(_ key: String, _ value: T?) throws(CheckpointError) -> T {
    guard let value else { throw .malformed(file: file, place: "metadata", problem: "the key '\(key)' is missing") }
    return value
  }
}

extension Array {
  /// Every element converted, or nothing if one cannot be.
  fileprivate func allOrNil<T>(_ convert: (Element) -> T?) -> [T]? {
    var result: [T] = []
    result.reserveCapacity(count)
    for element in self {
      guard let converted = convert(element) else { return nil }
      result.append(converted)
    }
    return result
  }
}
