/// Writes values as Python prints them, and as JSON.
///
/// A small template can make a list that holds itself twice, twice over, so what is written is counted.
struct TemplatePrinter {
  let evaluator: TemplateEvaluator
  let place: TemplatePlace
  private(set) var text = ""

  init(_ evaluator: TemplateEvaluator, _ place: TemplatePlace) {
    self.evaluator = evaluator
    self.place = place
  }

  mutating func append(_ part: String) throws(TokenizerError) {
    try evaluator.spend(1 + part.utf8.count / 32, place)
    text += part
    try evaluator.checkLength(text.utf8.count, place)
  }

  /// Python's `str`.
  mutating func print(_ value: TemplateValue) throws(TokenizerError) {
    switch value {
    case .undefined: break
    case .string(let value): try append(value)
    default: try source(value)
    }
  }

  /// Python's `repr`.
  private mutating func source(_ value: TemplateValue) throws(TokenizerError) {
    switch value {
    case .undefined: try append("Undefined")
    case .none: try append("None")
    case .bool(let value): try append(value ? "True" : "False")
    case .integer(let value): try append(String(value))
    case .number(let value): try append(String(value))
    case .string(let value): try append(PythonText.quoted(value))
    case .list(let items): try list(items.values, "[", "]")
    case .tuple(let items): try list(items.values, "(", items.values.count == 1 ? ",)" : ")")
    case .map(let map):
      try append("{")
      for (i, member) in map.members.enumerated() {
        if i > 0 { try append(", ") }
        try source(member.key)
        try append(": ")
        try source(member.value)
      }
      try append("}")
    case .lazy, .namespace, .loop, .callable:
      let isLazy = if case .lazy = value { true } else { false }
      throw evaluator.error(
        "\(value.kind) cannot be printed", place, remedy: isLazy ? "make a list of it with '| list'" : nil)
    }
  }

  private mutating func list(
    _ values: [TemplateValue], _ open: String, _ close: String
  ) throws(TokenizerError) {
    try append(open)
    for (i, value) in values.enumerated() {
      if i > 0 { try append(", ") }
      try source(value)
    }
    try append(close)
  }
}

/// How `tojson` writes: the arguments of Python's `json.dumps`.
struct TemplateJSONStyle {
  /// What a level is indented by; `nil` for one line.
  var indent: String?
  var itemSeparator: String
  var keySeparator: String
  var sortsKeys: Bool
  var isASCII: Bool
}

extension TemplatePrinter {
  /// Python's `json.dumps`.
  mutating func json(_ value: TemplateValue, _ style: TemplateJSONStyle, level: Int = 0) throws(TokenizerError) {
    switch value {
    case .none: try append("null")
    case .bool(let value): try append(value ? "true" : "false")
    case .integer(let value): try append(String(value))
    case .number(let value):
      try append(value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : String(value))
    case .string(let value): try append(PythonText.quotedJSON(value, isASCII: style.isASCII))
    case .list(let items), .tuple(let items):
      try append("[")
      for (i, item) in items.values.enumerated() {
        try startItem(i, style, level + 1)
        try json(item, style, level: level + 1)
      }
      try end("]", isEmpty: items.values.isEmpty, style, level)
    case .map(let map):
      try append("{")
      var members = map.members
      if style.sortsKeys {
        members = try TemplateLibrary.sorted(members.map { ($0.value, $0.key) }, evaluator, place).map {
          ($0.key, $0.item)
        }
      }
      for (i, member) in members.enumerated() {
        try startItem(i, style, level + 1)
        try key(member.key, style)
        try json(member.value, style, level: level + 1)
      }
      try end("}", isEmpty: members.isEmpty, style, level)
    case .undefined, .lazy, .namespace, .loop, .callable:
      throw evaluator.error("the filter 'tojson' cannot take \(value.kind)", place)
    }
  }

  /// A key, of which Python makes a string where it is none.
  private mutating func key(_ key: TemplateValue, _ style: TemplateJSONStyle) throws(TokenizerError) {
    if case .string = key {
      try json(key, style)
    } else {
      try append("\"")
      try json(key, style)
      try append("\"")
    }
    try append(style.keySeparator)
  }

  private mutating func startItem(_ i: Int, _ style: TemplateJSONStyle, _ level: Int) throws(TokenizerError) {
    if i > 0 { try append(style.itemSeparator) }
    try startLine(style, level)
  }

  /// Where levels are indented: a new line and its indentation, counted piece by piece.
  private mutating func startLine(_ style: TemplateJSONStyle, _ level: Int) throws(TokenizerError) {
    guard let indent = style.indent else { return }
    try append("\n")
    for _ in 0..<level { try append(indent) }
  }

  private mutating func end(
    _ close: String, isEmpty: Bool, _ style: TemplateJSONStyle, _ level: Int
  ) throws(TokenizerError) {
    if !isEmpty { try startLine(style, level) }
    try append(close)
  }
}
