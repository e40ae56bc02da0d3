/// Expressions, from what binds loosest to what binds tightest, in the order of jinja2's parser.py.
extension TemplateParser {
  /// `a, b`, or one expression.
  ///
  /// - Parameter conditions: Whether `a if b else c` may stand in it; the items of a loop leave the `if` to the loop.
  mutating func tuple(conditions: Bool = true) throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    let first = conditions ? try expression() : try disjunction()
    guard case .symbol(",") = token.kind else { return first }
    var items = [first]
    while accept(",") {
      if [.symbol(")"), .blockEnd, .printEnd].contains(token.kind) { break }
      items.append(conditions ? try expression() : try disjunction())
    }
    return try make(.tuple(items), place, over: items)
  }

  /// `a if condition else b`
  mutating func expression() throws(TokenizerError) -> TemplateExpression {
    try enter()
    defer { leave() }
    let place = token.place
    var value = try disjunction()
    while acceptName("if") {
      let condition = try disjunction()
      let otherwise = acceptName("else") ? try expression() : nil
      value = try make(
        .choice(value, condition: condition, otherwise: otherwise), place, over: [value, condition, otherwise])
    }
    return value
  }

  mutating func disjunction() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var operands = [try conjunction()]
    while acceptName("or") { operands.append(try conjunction()) }
    return operands.count == 1 ? operands[0] : try make(.or(operands), place, over: operands)
  }

  private mutating func conjunction() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var operands = [try negation()]
    while acceptName("and") { operands.append(try negation()) }
    return operands.count == 1 ? operands[0] : try make(.and(operands), place, over: operands)
  }

  private mutating func negation() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    guard acceptName("not") else { return try comparison() }
    try enter()
    defer { leave() }
    let operand = try negation()
    return try make(.not(operand), place, over: [operand])
  }

  private mutating func comparison() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    let first = try sum()
    var rest: [(symbol: String, operand: TemplateExpression)] = []
    while let symbol = comparisonSymbol() { rest.append((symbol, try sum())) }
    return rest.isEmpty ? first : try make(.comparison(first, rest), place, over: [first] + rest.map(\.operand))
  }

  private mutating func comparisonSymbol() -> String? {
    if let symbol = ["==", "!=", "<=", ">=", "<", ">"].first(where: { accept($0) }) { return symbol }
    if acceptName("in") { return "in" }
    guard token.kind == .name("not"), next.kind == .name("in") else { return nil }
    at += 2
    return "not in"
  }

  private mutating func sum() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    let first = try concatenation()
    var rest: [(symbol: String, operand: TemplateExpression)] = []
    while let symbol = ["+", "-"].first(where: { accept($0) }) { rest.append((symbol, try concatenation())) }
    return rest.isEmpty ? first : try make(.arithmetic(first, rest), place, over: [first] + rest.map(\.operand))
  }

  private mutating func concatenation() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var operands = [try product()]
    while accept("~") { operands.append(try product()) }
    return operands.count == 1 ? operands[0] : try make(.concatenation(operands), place, over: operands)
  }

  private mutating func product() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    let first = try unary()
    var rest: [(symbol: String, operand: TemplateExpression)] = []
    while let symbol = ["*", "//", "/", "%"].first(where: { accept($0) }) { rest.append((symbol, try unary())) }
    if case .symbol("**") = token.kind { throw error("the operator '**' is not supported", token.place) }
    return rest.isEmpty ? first : try make(.arithmetic(first, rest), place, over: [first] + rest.map(\.operand))
  }

  mutating func unary() throws(TokenizerError) -> TemplateExpression { try filtered(try signed()) }

  /// A value with its signs. Filters bind less than a sign.
  private mutating func signed() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    guard case .symbol(let sign) = token.kind, ["-", "+"].contains(sign) else { return try postfixed(try primary()) }
    at += 1
    try enter()
    defer { leave() }
    let operand = try signed()
    // Python's `+` makes a number of a boolean, as `0 + x` does.
    let zero = try make(.literal(.integer(0)), place)
    return sign == "-"
      ? try make(.negative(operand), place, over: [operand])
      : try make(.arithmetic(zero, [("+", operand)]), place, over: [operand])
  }

  /// An expression, unless others nest in it too deep.
  func make(
    _ kind: TemplateExpression.Kind, _ place: TemplatePlace, over parts: [TemplateExpression?] = []
  ) throws(TokenizerError) -> TemplateExpression {
    let height = 1 + (parts.lazy.compactMap { $0?.height }.max() ?? 0)
    if height > TemplateLimits.nesting {
      throw error("the expression is nested more than \(TemplateLimits.nesting) deep", place)
    }
    return TemplateExpression(kind: kind, place: place, height: height)
  }
}
