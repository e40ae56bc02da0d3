/// A JSON document as a value, with the order of keys kept and numbers told apart as the text wrote them.
///
/// Foundation's decoder hides what we must report: a name that stands twice (a lying safetensors header), the line of a
/// broken record, the difference between `1` and `1.0` and `true`.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number written without fraction or exponent that fits an `Int`.
  case integer(Int)
  /// Any other number; finite where a text was read.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// The members of a JSON object in the order of the text; names are unique.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// The names in the order of the text; a replaced member keeps its place.
  public private(set) var keys: [String]
  private var values: [Name: JSONValue]

  /// A name as its bytes: Swift's strings call composed and decomposed spellings equal, JSON and vocabularies do not.
  private struct Name: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: Name, b: Name) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  /// An object without members.
  public init() {
    keys = []
    values = [:]
  }

  /// - Precondition: the keys are unique.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    keys = elements.map(\.0)
    values = Dictionary(uniqueKeysWithValues: elements.map { (Name($0.0), $0.1) })
  }

  /// The object with the members of another added, or in place of its own of the same names.
  public func merging(_ other: JSONObject) -> JSONObject {
    var merged = self
    for key in other.keys { merged[key] = other[key] }
    return merged
  }

  /// Number of members.
  public var count: Int { keys.count }

  /// Reads a member, or adds, replaces (in place) or removes it.
  public subscript(key: String) -> JSONValue? {
    get { values[Name(key)] }
    set {
      if let newValue {
        if values.updateValue(newValue, forKey: Name(key)) == nil { keys.append(key) }
      } else if values.removeValue(forKey: Name(key)) != nil {
        keys.removeAll { Name($0) == Name(key) }
      }
    }
  }

  /// Whether the members are the same, in any order.
  public static func == (a: JSONObject, b: JSONObject) -> Bool { a.values == b.values }
}

extension JSONObject: Sequence {
  public func makeIterator() -> some IteratorProtocol<(key: String, value: JSONValue)> {
    keys.lazy.map { (key: $0, value: values[Name($0)]!) }.makeIterator()
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
  public init(nilLiteral: ()) { self = .null }
}

extension JSONValue {
  /// The truth value, `nil` for another kind of value.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The whole number, `nil` for another kind of value, `1.0` included.
  public var int: Int? { if case .integer(let value) = self { value } else { nil } }
  /// Any number, whole or not.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  /// The string, `nil` for another kind of value.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The items, `nil` for another kind of value.
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The members, `nil` for another kind of value.
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  /// Whether this is the word `null`; an absent member is none.
  public var isNull: Bool { self == .null }

  /// What kind of value this is, as an error message names it.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "a whole number"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// The member of an object, `nil` for another kind of value or a missing name.
  public subscript(key: String) -> JSONValue? { object?[key] }
}
