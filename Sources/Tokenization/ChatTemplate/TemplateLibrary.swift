/// The names that templates may call. The parser refuses all others.
enum TemplateLibrary {
  static let functions = ["raise_exception", "namespace", "range"]
  static let methods = [
    "strip", "lstrip", "rstrip", "startswith", "endswith", "upper", "lower", "split", "replace", "items", "keys",
    "values",
    "get",
  ]
  static let filters = [
    "trim", "upper", "lower", "length", "count", "tojson", "default", "d", "join", "first", "last", "replace", "list",
    "string",
  ]
  static let tests = [
    "defined", "undefined", "none", "string", "number", "integer", "boolean", "true", "false", "mapping", "sequence",
    "iterable",
  ]

  /// A member that marks a mapping as a namespace, whose members can be set; no template can spell it.
  static let namespaceMark = "\0namespace"

  static func test(_ name: String, _ value: TemplateValue) -> Bool {
    switch (name, value) {
    case ("undefined", .undefined): true
    case ("defined", .undefined): false
    case ("defined", _): true
    case ("none", .none), ("string", .string), ("number", .integer), ("number", .number), ("number", .bool),
      ("integer", .integer), ("boolean", .bool), ("mapping", .map), ("true", .bool(true)), ("false", .bool(false)):
      true
    case ("sequence", .list), ("sequence", .string), ("sequence", .map), ("iterable", .list), ("iterable", .string),
      ("iterable", .map), ("iterable", .undefined), ("sequence", .undefined):
      true
    default: false
    }
  }
}

/// Computed arguments of a call.
struct TemplateValues {
  var positional: [TemplateValue]
  var named: [String: TemplateValue]
}

extension TemplateEvaluator {
  func call(
    _ name: String, _ arguments: TemplateValues, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    switch name {
    case "raise_exception":
      let message = arguments.positional.first?.text ?? ""
      throw .refusedByTemplate(message: message, line: place.line, name: self.name)
    case "namespace":
      let members = arguments.named.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
      return .map(members + [(TemplateLibrary.namespaceMark, .none)])
    default: return try range(arguments, place)
    }
  }

  private func range(_ arguments: TemplateValues, _ place: TemplatePlace) throws(TokenizerError) -> TemplateValue {
    let bounds = arguments.positional.compactMap(\.int)
    guard (1...3).contains(bounds.count), bounds.count == arguments.positional.count, arguments.named.isEmpty else {
      throw error("'range' needs one to three whole numbers", place)
    }
    let step = bounds.count == 3 ? bounds[2] : 1
    let numbers = stride(
      from: bounds.count > 1 ? bounds[0] : 0, to: bounds.count > 1 ? bounds[1] : bounds[0], by: step == 0 ? 1 : step)
    let limit = 100_000
    let items = numbers.prefix(limit + 1).map { TemplateValue.integer($0) }
    guard step != 0, items.count <= limit else {
      throw error("'range' has no end or more than \(limit) numbers", place)
    }
    return .list(items)
  }

  func method(
    _ name: String, on base: TemplateValue, _ arguments: TemplateValues, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    switch base {
    case .string(let text):
      if let value = try stringMethod(name, text, arguments, place) { return value }
    case .map(let all):
      let members = all.filter { $0.key != TemplateLibrary.namespaceMark }
      switch name {
      case "items": return .list(members.map { .list([.string($0.key), $0.value]) })
      case "keys": return .list(members.map { .string($0.key) })
      case "values": return .list(members.map(\.value))
      case "get":
        guard case .string(let key)? = arguments.positional.first else { throw error("'get' needs a string", place) }
        return base.member(key) ?? arguments.positional.dropFirst().first ?? .none
      default: break
      }
    default: break
    }
    throw error("the method '\(name)' was asked of \(base.kind)", place)
  }

  private func stringMethod(
    _ name: String, _ text: String, _ arguments: TemplateValues, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue? {
    var strings: [String] = []
    for value in arguments.positional {
      guard case .string(let string) = value else { throw error("'\(name)' needs strings, got \(value.kind)", place) }
      strings.append(string)
    }
    guard arguments.named.isEmpty else { throw error("'\(name)' takes no named arguments here", place) }
    func one() throws(TokenizerError) -> String {
      guard strings.count == 1 else { throw error("'\(name)' needs one string", place) }
      return strings[0]
    }
    switch name {
    case "strip", "lstrip", "rstrip":
      let set = try strings.isEmpty ? nil : Array(one().unicodeScalars)
      return .string(
        TemplateText.stripped(text, leading: name != "rstrip", trailing: name != "lstrip") {
          set?.contains($0) ?? TemplateText.isSpace($0)
        })
    case "startswith": return .bool(text.utf8.starts(with: try one().utf8))
    case "endswith": return .bool(text.utf8.reversed().starts(with: try one().utf8.reversed()))
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
    case "split": return .list(try split(text, at: strings.first, place).map { .string($0) })
    case "replace":
      guard strings.count == 2 else { throw error("'replace' needs two strings", place) }
      return .string(try split(text, at: strings[0], place).joined(separator: strings[1]))
    default: return nil
    }
  }

  /// The parts of a text between separators; without a separator the words between white space.
  private func split(_ text: String, at separator: String?, _ place: TemplatePlace) throws(TokenizerError) -> [String] {
    guard let separator else {
      return text.unicodeScalars.split(whereSeparator: TemplateText.isSpace).map { TemplateText.string($0) }
    }
    guard !separator.isEmpty else { throw error("the separator is empty", place) }
    let bytes = Array(text.utf8)
    var parts: [String] = []
    var last = 0
    for match in TextPattern.literal(Array(separator.utf8)).matches(in: bytes, 0..<bytes.count) {
      parts.append(UTF8Text.string(bytes[last..<match.lowerBound]))
      last = match.upperBound
    }
    return parts + [UTF8Text.string(bytes[last...])]
  }

  func filter(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateValues, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    switch name {
    case "trim": return .string(TemplateText.stripped(try text(of: value, place)))
    case "upper": return .string(try text(of: value, place).uppercased())
    case "lower": return .string(try text(of: value, place).lowercased())
    case "string": return .string(try text(of: value, place))
    case "length", "count":
      if case .none = value { break }
      guard let count = value.elements?.count else { break }
      return .integer(count)
    case "tojson":
      guard let json = value.json(indent: arguments.named["indent"]?.int.map { min(max($0, 0), 16) }) else { break }
      return .string(json)
    case "default", "d":
      let other = arguments.positional.first ?? arguments.named["default_value"] ?? .string("")
      let isLoose = (arguments.positional.dropFirst().first ?? arguments.named["boolean"])?.isTrue ?? false
      if case .undefined = value { return other }
      return isLoose && !value.isTrue ? other : value
    case "join":
      guard let items = value.elements else { break }
      var parts: [String] = []
      for item in items { parts.append(try text(of: item, place)) }
      return .string(parts.joined(separator: arguments.positional.first?.text ?? ""))
    case "first", "last":
      guard let items = value.elements else { break }
      return (name == "first" ? items.first : items.last) ?? .undefined("(\(name) of nothing)")
    case "list":
      guard let items = value.elements else { break }
      return .list(items)
    case "replace": return try method("replace", on: .string(text(of: value, place)), arguments, place)
    default: break
    }
    throw error("the filter '\(name)' cannot take \(value.kind)", place)
  }
}
