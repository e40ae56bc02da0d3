/// Methods of strings.
extension TemplateLibrary {
  static let textMethods: [TemplateFunction] = [
    stripping("strip", leading: true, trailing: true),
    stripping("lstrip", leading: true, trailing: false),
    stripping("rstrip", leading: false, trailing: true),
    method("upper") { .string(PythonText.uppercased($0)) },
    method("lower") { .string(PythonText.lowercased($0)) },
    method("title") { .string(PythonText.titled($0)) },
    method("capitalize") { .string(PythonText.capitalized($0)) },
    method("isspace") { text in .bool(!text.isEmpty && text.unicodeScalars.allSatisfy(PythonText.isSpace)) },
    method("isalpha") { text in .bool(!text.isEmpty && text.unicodeScalars.allSatisfy(PythonText.isLetter)) },
    method("isdigit") { text in .bool(!text.isEmpty && text.unicodeScalars.allSatisfy(PythonText.isDigit)) },
    method("isalnum") { text in
      .bool(!text.isEmpty && text.unicodeScalars.allSatisfy { PythonText.isLetter($0) || PythonText.isNumeric($0) })
    },
    method("isupper") { .bool(PythonText.isCased($0) && same($0, PythonText.uppercased($0))) },
    method("islower") { .bool(PythonText.isCased($0) && same($0, PythonText.lowercased($0))) },
    affix("startswith") { $0.utf8.starts(with: $1.utf8) },
    affix("endswith") { $0.utf8.reversed().starts(with: $1.utf8.reversed()) },
    TemplateFunction("removeprefix", ["prefix"], required: 1) { call throws(TokenizerError) in
      let (text, prefix) = (try subject(call), try call.string("prefix") ?? "")
      guard text.utf8.starts(with: prefix.utf8) else { return .string(text) }
      return .string(String(text.unicodeScalars.dropFirst(prefix.unicodeScalars.count)))
    },
    TemplateFunction("removesuffix", ["suffix"], required: 1) { call throws(TokenizerError) in
      let (text, suffix) = (try subject(call), try call.string("suffix") ?? "")
      guard text.utf8.reversed().starts(with: suffix.utf8.reversed()) else { return .string(text) }
      return .string(String(text.unicodeScalars.dropLast(suffix.unicodeScalars.count)))
    },
    TemplateFunction("split", ["sep", "maxsplit"]) { call throws(TokenizerError) in try split(call) },
    TemplateFunction("rsplit", ["sep", "maxsplit"]) { call throws(TokenizerError) in try splitFromEnd(call) },
    TemplateFunction("splitlines") { call throws(TokenizerError) in
      .list(PythonText.lines(of: try subject(call)).map { .string($0) })
    },
    TemplateFunction("partition", ["sep"], required: 1) { call throws(TokenizerError) in
      let (text, separator) = (try subject(call), try separator(call) ?? "")
      let found = PythonText.occurrences(of: separator, in: text, limit: 1)
      let parts = PythonText.parts(of: text, between: found)
      return .tuple((found.isEmpty ? [text, "", ""] : [parts[0], separator, parts[1]]).map { .string($0) })
    },
    TemplateFunction("replace", ["old", "new", "count"], required: 2) { call throws(TokenizerError) in
      try replace(call, in: subject(call))
    },
    TemplateFunction("join", ["iterable"], required: 1) { call throws(TokenizerError) in
      var parts: [String] = []
      for item in (call["iterable"]?.elements ?? TemplateItems([])).values {
        guard case .string(let part) = item else { throw call.error("\(call.shown) needs strings, got \(item.kind)") }
        parts.append(part)
      }
      return .string(try call.joined(parts, by: subject(call)))
    },
    TemplateFunction("format", takesMore: true) { call throws(TokenizerError) in
      .string(try formatted(subject(call), call))
    },
    finding("find", fromEnd: false) { _ in .integer(-1) },
    finding("rfind", fromEnd: true) { _ in .integer(-1) },
    finding("index", fromEnd: false) { call throws(TokenizerError) in
      throw call.error("\(call.shown) does not find its text")
    },
    TemplateFunction("count", ["sub"], required: 1) { call throws(TokenizerError) in
      let (text, part) = (try subject(call), try call.string("sub") ?? "")
      try charge(call, text, part)
      return .integer(
        part.isEmpty ? text.unicodeScalars.count + 1 : PythonText.occurrences(of: part, in: text).count)
    },
    TemplateFunction("zfill", ["width"], required: 1) { call throws(TokenizerError) in
      let (text, width) = (try subject(call), try call.int("width") ?? 0)
      let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
      let missing = max(0, width - text.unicodeScalars.count)
      return .string(sign + (try filling("0", missing, call)) + text.dropFirst(sign.count))
    },
  ]

  /// `str.format` with `{}`, `{0}` and `{name}`.
  private static func formatted(_ text: String, _ call: TemplateCall) throws(TokenizerError) -> String {
    var printer = TemplatePrinter(call.evaluator, call.place)
    var rest = text.unicodeScalars[...]
    var next = 0
    while let scalar = rest.popFirst() {
      if scalar != "{", scalar != "}" {
        try printer.append(String(scalar))
      } else if rest.first == scalar {
        rest.removeFirst()
        try printer.append(String(scalar))
      } else {
        guard scalar == "{", let end = rest.firstIndex(of: "}") else {
          throw call.error("\(call.shown) has a '\(scalar)' without its partner")
        }
        let field = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        let position = field.isEmpty ? next : Int(field)
        if field.isEmpty { next += 1 }
        let named = call.more.named.first { $0.name == field }?.value
        let positional = position.flatMap { call.more.positional.indices.contains($0) ? call.more.positional[$0] : nil }
        guard let value = named ?? positional else {
          throw call.error("\(call.shown) has no value for '{\(field)}'", remedy: "fields are {}, {0} and {name}")
        }
        try printer.append(call.text(of: value))
      }
    }
    return printer.text
  }

  // MARK: Shared with filters

  /// `text.replace(old, new, count)`
  static func replace(_ call: TemplateCall, in text: String) throws(TokenizerError) -> TemplateValue {
    let old = try call.text(of: call["old"] ?? .none)
    let new = try call.text(of: call["new"] ?? .none)
    let count = try call.int("count") ?? -1
    let limit = count < 0 ? Int.max : count
    try charge(call, text, old)
    if old.isEmpty {
      // Python puts the new text before every character, and at the end.
      let scalars = text.unicodeScalars.map { String($0) }
      let cut = limit > scalars.count ? scalars.count : limit
      let parts = [""] + scalars.prefix(cut)
      let head = try call.joined(limit > scalars.count ? parts + [""] : parts, by: new)
      return .string(limit == 0 ? text : head + scalars.dropFirst(cut).joined())
    }
    let found = PythonText.occurrences(of: old, in: text, limit: limit)
    return .string(try call.joined(PythonText.parts(of: text, between: found), by: new))
  }

  /// Counts what a search costs.
  private static func charge(_ call: TemplateCall, _ text: String, _ part: String) throws(TokenizerError) {
    try call.spend((text.utf8.count + part.utf8.count) / 32)
  }

  /// A text over and over.
  static func filling(_ text: String, _ count: Int, _ call: TemplateCall) throws(TokenizerError) -> String {
    let value = try call.evaluator.arithmetic("*", .string(text), .integer(count), call.place)
    return try call.text(of: value)
  }

  // MARK: Kinds of methods

  private static func subject(_ call: TemplateCall) throws(TokenizerError) -> String {
    guard case .string(let text) = call.subject else { throw call.unfit() }
    return text
  }

  private static func method(
    _ name: String, _ result: @escaping @Sendable (String) -> TemplateValue
  ) -> TemplateFunction {
    TemplateFunction(name) { call throws(TokenizerError) in result(try subject(call)) }
  }

  private static func stripping(_ name: String, leading: Bool, trailing: Bool) -> TemplateFunction {
    TemplateFunction(name, ["chars"]) { call throws(TokenizerError) in
      .string(
        PythonText.stripped(try subject(call), of: try call.string("chars"), leading: leading, trailing: trailing))
    }
  }

  /// A method that asks for one string, or one of a tuple of strings.
  private static func affix(_ name: String, holds: @escaping @Sendable (String, String) -> Bool) -> TemplateFunction {
    TemplateFunction(name, ["affix"], required: 1) { call throws(TokenizerError) in
      let text = try subject(call)
      guard case .tuple(let choices)? = call["affix"] else { return .bool(holds(text, try call.string("affix") ?? "")) }
      for case .string(let choice) in choices.values where holds(text, choice) { return .bool(true) }
      return .bool(false)
    }
  }

  /// A method that gives the place of a text, in characters.
  private static func finding(
    _ name: String, fromEnd: Bool, otherwise: @escaping TemplateFunction.Body
  ) -> TemplateFunction {
    TemplateFunction(name, ["sub"], required: 1) { call throws(TokenizerError) in
      let (text, part) = (try subject(call), try call.string("sub") ?? "")
      try charge(call, text, part)
      if part.isEmpty { return .integer(fromEnd ? text.unicodeScalars.count : 0) }
      let match =
        fromEnd
        ? PythonText.lastOccurrence(of: part, in: text)
        : PythonText.occurrences(of: part, in: text, limit: 1).first
      guard let match else { return try otherwise(call) }
      return .integer(PythonText.parts(of: text, between: [match])[0].unicodeScalars.count)
    }
  }

  private static func separator(_ call: TemplateCall) throws(TokenizerError) -> String? {
    let separator = try call.string("sep")
    if separator?.isEmpty ?? false { throw call.error("the separator of \(call.shown) is empty") }
    return separator
  }

  private static func limit(_ call: TemplateCall) throws(TokenizerError) -> Int {
    let limit = try call.int("maxsplit") ?? -1
    return limit < 0 ? .max : limit
  }

  private static func split(_ call: TemplateCall) throws(TokenizerError) -> TemplateValue {
    let (text, limit) = (try subject(call), try limit(call))
    guard let separator = try separator(call) else {
      return .list(PythonText.words(of: text, limit: limit).map { .string($0) })
    }
    try charge(call, text, separator)
    let found = PythonText.occurrences(of: separator, in: text, limit: limit)
    return .list(PythonText.parts(of: text, between: found).map { .string($0) })
  }

  private static func splitFromEnd(_ call: TemplateCall) throws(TokenizerError) -> TemplateValue {
    let (text, limit) = (try subject(call), try limit(call))
    func reversed(_ text: String) -> String { PythonText.string(text.unicodeScalars.reversed()) }
    let backward = reversed(text)
    guard let separator = try separator(call) else {
      return .list(PythonText.words(of: backward, limit: limit).reversed().map { .string(reversed($0)) })
    }
    try charge(call, text, separator)
    let found = PythonText.occurrences(of: reversed(separator), in: backward, limit: limit)
    return .list(PythonText.parts(of: backward, between: found).reversed().map { .string(reversed($0)) })
  }
}
