/// Filters that make texts.
extension TemplateLibrary {
  static let textFilters: [TemplateFunction] = [
    TemplateFunction("trim", ["chars"]) { call throws(TokenizerError) in
      .string(PythonText.stripped(try call.text(), of: try call.string("chars")))
    },
    filter("upper") { PythonText.uppercased($0) },
    filter("lower") { PythonText.lowercased($0) },
    filter("capitalize") { PythonText.capitalized($0) },
    filter("title") { titled($0) },
    filter("string") { $0 },
    // Texts are not escaped here, so none needs a mark that says it must not be.
    filter("safe") { $0 },
    TemplateFunction("replace", ["old", "new", "count"], required: 2) { call throws(TokenizerError) in
      try replace(call, in: call.text())
    },
    TemplateFunction("indent", ["width", "first", "blank"]) { call throws(TokenizerError) in try indent(call) },
    TemplateFunction("join", ["d", "attribute"]) { call throws(TokenizerError) in
      var parts: [String] = []
      for item in try call.items() {
        let value = try call["attribute"].map { (path) throws(TokenizerError) in try member(path, of: item, call) }
        parts.append(try call.text(of: value ?? item))
      }
      return .string(
        try call.joined(parts, by: call["d"].map { (d) throws(TokenizerError) in try call.text(of: d) } ?? ""))
    },
    TemplateFunction("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"]) { call throws(TokenizerError) in
      var printer = TemplatePrinter(call.evaluator, call.place)
      try printer.json(call.subject, jsonStyle(call))
      return .string(printer.text)
    },
  ]

  private static func filter(_ name: String, _ result: @escaping @Sendable (String) -> String) -> TemplateFunction {
    TemplateFunction(name) { call throws(TokenizerError) in .string(result(try call.text())) }
  }

  /// Jinja's `title`, which begins words after white space, `-` and opening brackets alone.
  private static func titled(_ text: String) -> String {
    let opens = Set("-({[<".unicodeScalars)
    var words = [String.UnicodeScalarView()]
    var wasOpening = false
    for scalar in text.unicodeScalars {
      let isOpening = PythonText.isSpace(scalar) || opens.contains(scalar)
      if isOpening != wasOpening { words.append(.init()) }
      words[words.count - 1].append(scalar)
      wasOpening = isOpening
    }
    return words.map { word in
      guard let first = word.first else { return "" }
      return first.properties.uppercaseMapping + PythonText.lowercased(String(word.dropFirst()))
    }.joined()
  }

  private static func indent(_ call: TemplateCall) throws(TokenizerError) -> TemplateValue {
    let space: String
    if case .string(let text)? = call["width"] {
      space = text
    } else {
      space = try filling(" ", call.int("width") ?? 4, call)
    }
    let keepsBlank = call.flag("blank")
    var lines = PythonText.lines(of: try call.text() + "\n")
    for i in lines.indices.dropFirst() where keepsBlank || !lines[i].isEmpty {
      try call.spend(space.utf8.count / 32)
      lines[i] = space + lines[i]
    }
    return .string((call.flag("first") ? space : "") + (try call.joined(lines, by: "\n")))
  }

  /// The arguments of `tojson`: those of Python's `json.dumps`.
  private static func jsonStyle(_ call: TemplateCall) throws(TokenizerError) -> TemplateJSONStyle {
    var style = TemplateJSONStyle(
      indent: nil, itemSeparator: ", ", keySeparator: ": ", sortsKeys: call.flag("sort_keys"),
      isASCII: call.flag("ensure_ascii"))
    if case .string(let text)? = call["indent"] {
      style.indent = text
    } else if let width = try call.int("indent") {
      style.indent = try filling(" ", min(width, 64), call)
    }
    if style.indent != nil { style.itemSeparator = "," }
    switch call["separators"] {
    case nil, .some(.none): break
    case .list(let pair)?, .tuple(let pair)?:
      guard pair.values.count == 2, case .string(let item) = pair.values[0], case .string(let key) = pair.values[1]
      else { fallthrough }
      (style.itemSeparator, style.keySeparator) = (item, key)
    default: throw call.error("\(call.shown) needs two strings as 'separators'")
    }
    return style
  }
}
