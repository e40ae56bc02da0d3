import Diagnostics

/// Expressions, from what binds loosest to what binds tightest, in the order of jinja2's parser.py.
extension TemplateParser {
  /// `a if condition else b`
  mutating func expression() throws(TokenizerError) -> TemplateExpression {
    try enter()
    defer { depth -= 1 }
    let place = token.place
    var value = try disjunction()
    while acceptName("if") {
      let condition = try disjunction()
      let otherwise = acceptName("else") ? try expression() : nil
      value = make(.choice(value, condition: condition, otherwise: otherwise), place)
    }
    return value
  }

  mutating func disjunction() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var left = try conjunction()
    while acceptName("or") { left = make(.or(left, try conjunction()), place) }
    return left
  }

  private mutating func conjunction() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var left = try negation()
    while acceptName("and") { left = make(.and(left, try negation()), place) }
    return left
  }

  private mutating func negation() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    guard acceptName("not") else { return try comparison() }
    try enter()
    defer { depth -= 1 }
    return make(.not(try negation()), place)
  }

  private mutating func comparison() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    let first = try sum()
    var rest: [(symbol: String, operand: TemplateExpression)] = []
    while true {
      if let symbol = ["==", "!=", "<=", ">=", "<", ">"].first(where: { accept($0) }) {
        rest.append((symbol, try sum()))
      } else if acceptName("in") {
        rest.append(("in", try sum()))
      } else if case .name("not") = token.kind, case .name("in") = tokens[at + 1].kind {
        at += 2
        rest.append(("not in", try sum()))
      } else {
        return rest.isEmpty ? first : make(.comparison(first, rest), place)
      }
    }
  }

  private mutating func sum() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var left = try concatenation()
    while let symbol = ["+", "-"].first(where: { accept($0) }) {
      left = make(.arithmetic(symbol, left, try concatenation()), place)
    }
    return left
  }

  private mutating func concatenation() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var left = try product()
    while accept("~") { left = make(.arithmetic("~", left, try product()), place) }
    return left
  }

  private mutating func product() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    var left = try unary()
    while let symbol = ["*", "//", "/", "%"].first(where: { accept($0) }) {
      left = make(.arithmetic(symbol, left, try unary()), place)
    }
    if case .symbol("**") = token.kind { throw error("the operator '**' is not supported", token.place) }
    return left
  }

  private mutating func unary() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    if accept("-") {
      try enter()
      defer { depth -= 1 }
      return make(.negative(try unary()), place)
    }
    return try filtered(try postfixed(try primary()))
  }

  private mutating func primary() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    switch token.kind {
    case .string(let first):
      at += 1
      var text = first
      while case .string(let next) = token.kind {
        text += next
        at += 1
      }
      return make(.literal(.string(text)), place)
    case .integer(let value):
      at += 1
      return make(.literal(.integer(value)), place)
    case .number(let value):
      at += 1
      return make(.literal(.number(value)), place)
    case .name(let name):
      at += 1
      return make(Self.constants[name].map { .literal($0) } ?? .variable(name), place)
    case .symbol("("):
      at += 1
      let value = try expression()
      if case .symbol(",") = token.kind { throw error("tuples are not supported", token.place, remedy: "write a list") }
      try expect(")")
      return value
    case .symbol("["):
      at += 1
      var items: [TemplateExpression] = []
      while !accept("]") {
        if !items.isEmpty { try expect(",") }
        if accept("]") { break }
        items.append(try expression())
      }
      return make(.list(items), place)
    case .symbol("{"):
      at += 1
      var members: [(key: TemplateExpression, value: TemplateExpression)] = []
      while !accept("}") {
        if !members.isEmpty { try expect(",") }
        if accept("}") { break }
        let key = try expression()
        try expect(":")
        members.append((key, try expression()))
      }
      return make(.map(members), place)
    default: throw error("expected an expression, found \(token.shown)", place)
    }
  }

  private static let constants: [String: TemplateValue] = [
    "true": .bool(true), "True": .bool(true), "false": .bool(false), "False": .bool(false), "none": .none,
    "None": .none,
  ]

  /// `.name`, `[index]`, `[start:stop:step]` and calls after a value.
  private mutating func postfixed(_ value: TemplateExpression) throws(TokenizerError) -> TemplateExpression {
    var value = value
    while true {
      let place = token.place
      if accept(".") {
        let name = try attributeName()
        if case .symbol("(") = token.kind {
          guard TemplateLibrary.methods.contains(name) else {
            throw unsupported("method", name, TemplateLibrary.methods, place)
          }
          value = make(.method(value, name, try arguments()), place)
        } else {
          value = make(.attribute(value, name), place)
        }
      } else if accept("[") {
        value = try subscripted(value, place)
      } else if case .symbol("(") = token.kind {
        guard case .variable(let name) = value.kind, TemplateLibrary.functions.contains(name) else {
          let name = if case .variable(let name) = value.kind { name } else { "(expression)" }
          throw unsupported("function", name, TemplateLibrary.functions, value.place)
        }
        value = make(.call(name, try arguments()), value.place)
      } else {
        return value
      }
    }
  }

  private mutating func attributeName() throws(TokenizerError) -> String {
    if case .integer(let index) = token.kind {
      throw error("'.\(index)' is not supported", token.place, remedy: "write [\(index)]")
    }
    return try identifier()
  }

  private mutating func subscripted(
    _ value: TemplateExpression, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateExpression {
    var parts: [TemplateExpression?] = [nil]
    while true {
      if accept("]") { break }
      if accept(":") {
        parts.append(nil)
      } else {
        guard parts[parts.count - 1] == nil else { throw error("expected ']', found \(token.shown)", token.place) }
        parts[parts.count - 1] = try expression()
      }
    }
    switch parts.count {
    case 1:
      guard let index = parts[0] else { throw error("expected an index, found ']'", place) }
      return make(.item(value, index), place)
    case 2, 3:
      return make(.slice(value, start: parts[0], stop: parts[1], step: parts.count == 3 ? parts[2] : nil), place)
    default: throw error("a slice has at most three parts", place)
    }
  }

  /// `| filter` and `is test` after a value.
  private mutating func filtered(_ value: TemplateExpression) throws(TokenizerError) -> TemplateExpression {
    var value = value
    while true {
      let place = token.place
      if accept("|") {
        let name = try identifier()
        guard TemplateLibrary.filters.contains(name) else {
          throw unsupported("filter", name, TemplateLibrary.filters, place)
        }
        let hasArguments = if case .symbol("(") = token.kind { true } else { false }
        value = make(.filter(value, name, hasArguments ? try arguments() : TemplateArguments()), place)
      } else if acceptName("is") {
        let negated = acceptName("not")
        let name = try identifier()
        guard TemplateLibrary.tests.contains(name) else {
          throw unsupported("test", name, TemplateLibrary.tests, place)
        }
        value = make(.test(value, name, negated: negated), place)
      } else {
        return value
      }
    }
  }

  private mutating func arguments() throws(TokenizerError) -> TemplateArguments {
    try expect("(")
    var arguments = TemplateArguments()
    var isFirst = true
    while !accept(")") {
      if !isFirst { try expect(",") }
      isFirst = false
      if accept(")") { break }
      if case .name(let name) = token.kind, case .symbol("=") = tokens[at + 1].kind {
        at += 2
        arguments.named.append((name, try expression()))
      } else {
        arguments.positional.append(try expression())
      }
    }
    return arguments
  }

  private func make(_ kind: TemplateExpression.Kind, _ place: TemplatePlace) -> TemplateExpression {
    TemplateExpression(kind: kind, place: place)
  }

  private func unsupported(_ what: String, _ name: String, _ names: [String], _ place: TemplatePlace) -> TokenizerError
  {
    error("the \(what) '\(name)' is not supported", place, remedy: NearestName.remedy(for: name, among: names))
  }
}
