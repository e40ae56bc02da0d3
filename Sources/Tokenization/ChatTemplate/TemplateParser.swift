import Diagnostics

/// Reads the statements of a template. Expressions are in `TemplateParser+Expressions.swift`.
struct TemplateParser {
  let tokens: [TemplateToken]
  let name: String
  var at = 0
  /// How deep statements and expressions are nested; a hostile template must not exhaust the stack.
  var depth = 0
  static let maximumDepth = 100

  static let statements = ["for", "if", "set"]
  /// Words that end or divide a statement.
  private static let dividers = ["elif", "else", "endif", "endfor", "endset"]

  init(tokens: [TemplateToken], name: String) {
    self.tokens = tokens
    self.name = name
  }

  mutating func template() throws(TokenizerError) -> [TemplateNode] {
    let nodes = try body(until: [])
    guard case .end = token.kind else {
      throw error("'\(dividerAhead() ?? "?")' has nothing to end or divide", tokens[at + 1].place)
    }
    return nodes
  }

  /// Nodes up to one of some dividers (`endif`), which is left to be read.
  private mutating func body(until ends: [String]) throws(TokenizerError) -> [TemplateNode] {
    try enter()
    defer { depth -= 1 }
    var nodes: [TemplateNode] = []
    while true {
      switch token.kind {
      case .text(let text):
        at += 1
        nodes.append(.text(text))
      case .printBegin:
        at += 1
        nodes.append(.print(try expression()))
        try expect(.printEnd, "'}}'")
      case .blockBegin:
        if dividerAhead() != nil { return nodes }
        at += 1
        nodes.append(try statement())
      case .end where ends.isEmpty: return nodes
      case .end: throw error("expected {% \(ends.last ?? "") %}, found the end of the template", token.place)
      default: throw error("unexpected \(token.shown)", token.place)
      }
    }
  }

  private func dividerAhead() -> String? {
    guard case .blockBegin = token.kind, case .name(let word) = tokens[at + 1].kind, Self.dividers.contains(word)
    else { return nil }
    return word
  }

  private mutating func statement() throws(TokenizerError) -> TemplateNode {
    let place = token.place
    guard case .name(let word) = token.kind else {
      throw error("expected a statement, found \(token.shown)", place)
    }
    at += 1
    switch word {
    case "for": return try loop(place)
    case "if": return try condition()
    case "set": return try assignment(place)
    default:
      throw error(
        "the statement '\(word)' is not supported", place,
        remedy: NearestName.remedy(for: word, among: Self.statements))
    }
  }

  private mutating func loop(_ place: TemplatePlace) throws(TokenizerError) -> TemplateNode {
    var targets = [try identifier()]
    while accept(",") { targets.append(try identifier()) }
    guard acceptName("in") else { throw error("expected 'in', found \(token.shown)", token.place) }
    let items = try disjunction()
    let condition = acceptName("if") ? try expression() : nil
    if case .name("recursive") = token.kind { throw error("'recursive' loops are not supported", token.place) }
    try expect(.blockEnd, "'%}'")
    let nodes = try body(until: ["else", "endfor"])
    var otherwise: [TemplateNode] = []
    if dividerAhead() == "else" {
      try divider("else")
      otherwise = try body(until: ["endfor"])
    }
    try divider("endfor")
    return .loop(
      TemplateLoop(
        targets: targets, items: items, condition: condition, body: nodes, otherwise: otherwise, place: place))
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

  private mutating func assignment(_ place: TemplatePlace) throws(TokenizerError) -> TemplateNode {
    let target = try identifier()
    let attribute = accept(".") ? try identifier() : nil
    if case .blockEnd = token.kind { throw error("'set' with a body is not supported", place) }
    if case .symbol(",") = token.kind { throw error("'set' with several names is not supported", token.place) }
    guard accept("=") else { throw error("expected '=', found \(token.shown)", token.place) }
    let value = try expression()
    try expect(.blockEnd, "'%}'")
    return .set(target: target, attribute: attribute, value, place)
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

  // MARK: Tokens

  var token: TemplateToken { tokens[min(at, tokens.count - 1)] }

  mutating func enter() throws(TokenizerError) {
    depth += 1
    if depth > Self.maximumDepth {
      throw error("the template is nested more than \(Self.maximumDepth) deep", token.place)
    }
  }

  mutating func accept(_ symbol: String) -> Bool {
    guard case .symbol(symbol) = token.kind else { return false }
    at += 1
    return true
  }

  mutating func acceptName(_ name: String) -> Bool {
    guard case .name(name) = token.kind else { return false }
    at += 1
    return true
  }

  mutating func expect(_ kind: TemplateToken.Kind, _ shown: String) throws(TokenizerError) {
    guard token.kind == kind else { throw error("expected \(shown), found \(token.shown)", token.place) }
    at += 1
  }

  mutating func expect(_ symbol: String) throws(TokenizerError) { try expect(.symbol(symbol), "'\(symbol)'") }

  mutating func identifier() throws(TokenizerError) -> String {
    guard case .name(let name) = token.kind else {
      throw error("expected a name, found \(token.shown)", token.place)
    }
    at += 1
    return name
  }

  func error(_ problem: String, _ place: TemplatePlace, remedy: String? = nil) -> TokenizerError {
    .template(problem: problem, line: place.line, column: place.column, name: name, remedy: remedy)
  }
}
