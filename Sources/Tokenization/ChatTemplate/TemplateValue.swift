import JSON

/// What expressions of a template compute: the values of Python that templates meet.
indirect enum TemplateValue: Sendable {
  /// A name that nothing was given for; prints as nothing, is false, and is an error in all else.
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([TemplateValue])
  case map([(key: String, value: TemplateValue)])
}

extension TemplateValue {
  /// What kind of value this is, as an error names it.
  var kind: String {
    switch self {
    case .undefined(let name): "'\(name)', which is undefined"
    case .none: "none"
    case .bool: "a boolean"
    case .integer: "a whole number"
    case .number: "a number"
    case .string: "a string"
    case .list: "a list"
    case .map: "a mapping"
    }
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .string(let value): !value.isEmpty
    case .list(let items): !items.isEmpty
    case .map(let members): !members.isEmpty
    }
  }

  /// What is printed: Python's `str`; `nil` for lists and mappings, which Python prints as source code.
  var text: String? {
    switch self {
    case .undefined: ""
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .string(let value): value
    case .list, .map: nil
    }
  }

  /// Whole numbers, and booleans, which Python counts among them.
  var int: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var double: Double? {
    if case .number(let value) = self { return value }
    return int.map(Double.init)
  }

  /// The member of a mapping.
  func member(_ key: String) -> TemplateValue? {
    guard case .map(let members) = self else { return nil }
    return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// Python's `==`.
  func equals(_ other: TemplateValue) -> Bool {
    if let a = double, let b = other.double { return a == b }
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
    case (.list(let a), .list(let b)): return a.elementsEqual(b) { $0.equals($1) }
    case (.map(let a), .map(let b)):
      return a.count == b.count && a.allSatisfy { member in other.member(member.key)?.equals(member.value) ?? false }
    default: return false
    }
  }

  /// Python's `json.dumps(value, ensure_ascii=False)`; `nil` for what has no JSON.
  func json(indent: Int? = nil, level: Int = 0) -> String? {
    func lines(_ items: [String], _ open: String, _ close: String) -> String {
      guard let indent, !items.isEmpty else { return open + items.joined(separator: ", ") + close }
      let inner = "\n" + String(repeating: " ", count: indent * (level + 1))
      return open + inner + items.joined(separator: "," + inner) + "\n" + String(repeating: " ", count: indent * level)
        + close
    }
    switch self {
    case .undefined: return nil
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .number(let value): return String(value)
    case .string(let value): return Self.quoted(value)
    case .list(let items):
      let texts = items.compactMap { $0.json(indent: indent, level: level + 1) }
      return texts.count == items.count ? lines(texts, "[", "]") : nil
    case .map(let members):
      let texts = members.compactMap { member in
        member.value.json(indent: indent, level: level + 1).map { Self.quoted(member.key) + ": " + $0 }
      }
      return texts.count == members.count ? lines(texts, "{", "}") : nil
    }
  }

  /// A JSON string with Python's short escapes.
  private static func quoted(_ text: String) -> String {
    var out = JSONValue.string(text).text
    for (long, short) in [("\\u0008", "\\b"), ("\\u000c", "\\f")] where out.contains(long) {
      out = out.split(separator: long, omittingEmptySubsequences: false).joined(separator: short)
    }
    return out
  }
}
