import Diagnostics

extension TemplateParser {
  static let statements = [
    "for", "if", "set", "macro", "call", "filter", "with", "break", "continue", "generation",
  ]
  /// Words that end or divide a statement.
  static let dividers = [
    "elif", "else", "endif", "endfor", "endset", "endmacro", "endcall", "endfilter", "endwith", "endgeneration",
  ]

  mutating func statement() throws(TokenizerError) -> TemplateNode {
    let place = token.place
    guard case .name(let word) = token.kind else {
      throw error("expected a statement, found \(token.shown)", place)
    }
    at += 1
    switch word {
    case "for": return try loop()
    case "if": return try condition()
    case "set": return try assignment()
    case "macro": return try macro()
    case "call": return try call(place)
    case "filter": return try filtered()
    case "with": return try with()
    case "generation": return .scope([], try enclosed("endgeneration"))
    case "break": return try jump(.break, word, place)
    case "continue": return try jump(.continue, word, place)
    default:
      throw error(
        "the statement '\(word)' is not supported", place,
        remedy: NearestName.remedy(for: word, among: Self.statements))
    }
  }

  private mutating func loop() throws(TokenizerError) -> TemplateNode {
    let target = try target(closing: "in")
    guard acceptName("in") else { throw error("expected 'in', found \(token.shown)", token.place) }
    let items = try tuple(conditions: false)
    let condition = acceptName("if") ? try expression() : nil
    if case .name("recursive") = token.kind { throw error("'recursive' loops are not supported", token.place) }
    try expect(.blockEnd, "'%}'")
    let outer = isInLoop
    isInLoop = true
    let nodes = try body(until: ["else", "endfor"])
    isInLoop = outer
    var otherwise: [TemplateNode] = []
    if dividerAhead() == "else" {
      try divider("else")
      otherwise = try body(until: ["endfor"])
    }
    try divider("endfor")
    return .loop(
      TemplateLoop(target: target, items: items, condition: condition, body: nodes, otherwise: otherwise))
  }

  private mutating func condition() throws(TokenizerError) -> TemplateNode {
    var branches: [(condition: TemplateExpression?, body: [TemplateNode])] = []
    while true {
      let condition = try expression()
      try expect(.blockEnd, "'%}'")
      branches.append((condition, try body(until: ["elif", "else", "endif"])))
      guard dividerAhead() == "elif" else { break }
      at += 2
    }
    if dividerAhead() == "else" {
      try divider("else")
      branches.append((nil, try body(until: ["endif"])))
    }
    try divider("endif")
    return .condition(branches)
  }

  private mutating func assignment() throws(TokenizerError) -> TemplateNode {
    let target = try target(closing: "=")
    if accept("=") {
      let value = try tuple()
      try expect(.blockEnd, "'%}'")
      return .set(target, value)
    }
    if case .tuple = target.kind { throw error("expected '=', found \(token.shown)", token.place) }
    let filters = try filters()
    guard case .blockEnd = token.kind else { throw error("expected '=', found \(token.shown)", token.place) }
    return .capture(target, filters, try enclosed("endset", isFunction: true))
  }

  private mutating func macro() throws(TokenizerError) -> TemplateNode {
    let name = try identifier()
    let parameters = try parameters()
    return .macro(TemplateMacro(name: name, parameters: parameters, body: try macroBody("endmacro")))
  }

  private mutating func call(_ place: TemplatePlace) throws(TokenizerError) -> TemplateNode {
    let parameters = token.kind == .symbol("(") ? try parameters() : []
    let call = try unary()
    guard case .call = call.kind else { throw error("'call' needs the call of a macro", place) }
    return .call(call, caller: TemplateMacro(name: "caller", parameters: parameters, body: try macroBody("endcall")))
  }

  /// `(a, b=1)`
  private mutating func parameters() throws(TokenizerError) -> [(name: String, value: TemplateExpression?)] {
    var parameters: [(name: String, value: TemplateExpression?)] = []
    try expect("(")
    while !accept(")") {
      if !parameters.isEmpty { try expect(",") }
      if accept(")") { break }
      let place = token.place
      let name = try identifier()
      let value = accept("=") ? try expression() : nil
      if value == nil, parameters.last?.value != nil {
        throw error("the parameter '\(name)' without a default follows one with a default", place)
      }
      parameters.append((name, value))
    }
    return parameters
  }

  private mutating func macroBody(_ end: String) throws(TokenizerError) -> [TemplateNode] {
    let outer = isInMacro
    isInMacro = true
    defer { isInMacro = outer }
    return try enclosed(end, isFunction: true)
  }

  private mutating func filtered() throws(TokenizerError) -> TemplateNode {
    let filters = [try filter()] + (try filters())
    return .filtered(filters, try enclosed("endfilter", isFunction: true))
  }

  private mutating func with() throws(TokenizerError) -> TemplateNode {
    var bindings: [(target: TemplateTarget, value: TemplateExpression)] = []
    while token.kind != .blockEnd {
      if !bindings.isEmpty { try expect(",") }
      let target = try target(closing: "=", isSingle: true)
      try expect("=")
      bindings.append((target, try expression()))
    }
    return .scope(bindings, try enclosed("endwith"))
  }

  private mutating func jump(
    _ jump: TemplateJump, _ word: String, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateNode {
    guard isInLoop else { throw error("'\(word)' is outside of a loop", place) }
    try expect(.blockEnd, "'%}'")
    return .jump(jump)
  }

  /// Reads the end of a tag, a body, and the tag that ends it.
  ///
  /// - Parameter isFunction: Whether the body is rendered apart, so that it cannot leave a loop around it.
  private mutating func enclosed(_ end: String, isFunction: Bool = false) throws(TokenizerError) -> [TemplateNode] {
    try expect(.blockEnd, "'%}'")
    let outer = isInLoop
    if isFunction { isInLoop = false }
    let nodes = try body(until: [end])
    isInLoop = outer
    try divider(end)
    return nodes
  }

  /// Reads `{% word %}`.
  private mutating func divider(_ word: String) throws(TokenizerError) {
    guard dividerAhead() == word else {
      let found = dividerAhead().map { "'\($0)'" } ?? token.shown
      throw error("expected {% \(word) %}, found \(found)", token.place)
    }
    at += 2
    try expect(.blockEnd, "'%}'")
  }

  // MARK: Targets

  /// `a`, `namespace.a`, `a, (b, c)`
  ///
  /// - Parameters:
  ///   - closing: The word or symbol after the target.
  ///   - isSingle: Whether a comma ends the target.
  private mutating func target(closing: String, isSingle: Bool = false) throws(TokenizerError) -> TemplateTarget {
    try enter()
    defer { leave() }
    let place = token.place
    let first = try targetPart(closing: closing)
    guard !isSingle, case .symbol(",") = token.kind else { return first }
    var parts = [first]
    while accept(",") {
      if token.kind == .name(closing) || token.kind == .symbol(closing) { break }
      parts.append(try targetPart(closing: closing))
    }
    return TemplateTarget(kind: .tuple(parts), place: place)
  }

  private mutating func targetPart(closing: String) throws(TokenizerError) -> TemplateTarget {
    let place = token.place
    if accept("(") {
      let inner = try target(closing: ")")
      try expect(")")
      return inner
    }
    if closing == "in", token.kind == .name("in") { throw error("expected a name, found 'in'", place) }
    let name = try identifier()
    if closing == "=", accept(".") { return TemplateTarget(kind: .attribute(name, try identifier()), place: place) }
    return TemplateTarget(kind: .name(name), place: place)
  }
}
