/// Reads a template from its tokens.
///
/// Statements are in `TemplateParser+Statements.swift`, expressions in `TemplateParser+Expressions.swift` and
/// `TemplateParser+Primary.swift`.
struct TemplateParser {
  let tokens: [TemplateToken]
  let name: String
  var at = 0
  /// How deep statements and expressions are nested; a hostile template must not exhaust the stack.
  private var depth = 0
  /// Whether `break` and `continue` have a loop to act on.
  var isInLoop = false
  var isInMacro = false

  init(tokens: [TemplateToken], name: String) {
    self.tokens = tokens
    self.name = name
  }

  mutating func template() throws(TokenizerError) -> [TemplateNode] {
    let nodes = try body(until: [])
    guard case .end = token.kind else {
      throw error("'\(dividerAhead() ?? "?")' has nothing to end or divide", next.place)
    }
    return nodes
  }

  /// Nodes up to one of some dividers (`endif`), which is left to be read.
  mutating func body(until ends: [String]) throws(TokenizerError) -> [TemplateNode] {
    try enter()
    defer { leave() }
    var nodes: [TemplateNode] = []
    while true {
      switch token.kind {
      case .text(let text):
        nodes.append(.text(text, token.place))
        at += 1
      case .printBegin:
        at += 1
        nodes.append(.print(try tuple()))
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

  /// The word that ends or divides a statement, where the next tag is one.
  func dividerAhead() -> String? {
    guard case .blockBegin = token.kind, case .name(let word) = next.kind, Self.dividers.contains(word) else {
      return nil
    }
    return word
  }

  // MARK: Tokens

  var token: TemplateToken { tokens[min(at, tokens.count - 1)] }
  var next: TemplateToken { tokens[min(at + 1, tokens.count - 1)] }

  mutating func enter() throws(TokenizerError) {
    depth += 1
    if depth > TemplateLimits.nesting {
      throw error("the template is nested more than \(TemplateLimits.nesting) deep", token.place)
    }
  }

  mutating func leave() { depth -= 1 }

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

  // MARK: Errors

  func error(_ problem: String, _ place: TemplatePlace, remedy: String? = nil) -> TokenizerError {
    .template(problem: problem, line: place.line, column: place.column, name: name, remedy: remedy)
  }
}
