/// Values, and what follows them: members, calls, filters and tests.
extension TemplateParser {
  mutating func primary() throws(TokenizerError) -> TemplateExpression {
    let place = token.place
    let start = token.kind
    at += 1
    switch start {
    case .string(let first):
      var text = first
      while case .string(let next) = token.kind {
        text += next
        at += 1
      }
      return try make(.literal(.string(text)), place)
    case .integer(let value): return try make(.literal(.integer(value)), place)
    case .number(let value): return try make(.literal(.number(value)), place)
    case .name(let name): return try make(constant(name, place) ?? .variable(name), place)
    case .symbol("("):
      if accept(")") { return try make(.tuple([]), place) }
      let value = try tuple()
      try expect(")")
      return value
    case .symbol("["): return try list(place)
    case .symbol("{"): return try map(place)
    default:
      at -= 1
      throw error("expected an expression, found \(token.shown)", place)
    }
  }

  private func constant(_ name: String, _ place: TemplatePlace) throws(TokenizerError) -> TemplateExpression.Kind? {
    switch name {
    case "true", "True": return .literal(.bool(true))
    case "false", "False": return .literal(.bool(false))
    case "none", "None": return .literal(.none)
    case "varargs" where isInMacro, "kwargs" where isInMacro:
      throw error("'\(name)' is not supported", place, remedy: "name the parameters of the macro")
    default: return nil
    }
  }

  private mutating func list(_ place: TemplatePlace) throws(TokenizerError) -> TemplateExpression {
    var items: [TemplateExpression] = []
    while !accept("]") {
      if !items.isEmpty { try expect(",") }
      if accept("]") { break }
      items.append(try expression())
    }
    return try make(.list(items), place, over: items)
  }

  private mutating func map(_ place: TemplatePlace) throws(TokenizerError) -> TemplateExpression {
    var members: [(key: TemplateExpression, value: TemplateExpression)] = []
    while !accept("}") {
      if !members.isEmpty { try expect(",") }
      if accept("}") { break }
      let key = try expression()
      try expect(":")
      members.append((key, try expression()))
    }
    return try make(.map(members), place, over: members.flatMap { [$0.key, $0.value] })
  }

  // MARK: Members and calls

  /// `.name`, `[index]`, `[start:stop:step]` and calls after a value.
  mutating func postfixed(_ value: TemplateExpression) throws(TokenizerError) -> TemplateExpression {
    var value = value
    while true {
      let place = token.place
      if accept(".") {
        let name = try attributeName()
        value = try make(.attribute(value, name), place, over: [value])
      } else if accept("[") {
        value = try subscripted(value, place)
      } else if case .symbol("(") = token.kind {
        let arguments = try arguments()
        value = try make(.call(value, arguments), value.place, over: [value] + arguments.all)
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
    while !accept("]") {
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
      return try make(.item(value, index), place, over: [value, index])
    case 2, 3:
      return try make(
        .slice(value, start: parts[0], stop: parts[1], step: parts.count == 3 ? parts[2] : nil), place,
        over: [value] + parts)
    default: throw error("a slice has at most three parts", place)
    }
  }

  mutating func arguments() throws(TokenizerError) -> TemplateArguments {
    try expect("(")
    var arguments = TemplateArguments()
    var isFirst = true
    while !accept(")") {
      if !isFirst { try expect(",") }
      isFirst = false
      if accept(")") { break }
      if case .symbol(let stars) = token.kind, stars.hasPrefix("*") {
        throw error("'\(stars)' before an argument is not supported", token.place)
      }
      if case .name(let name) = token.kind, case .symbol("=") = next.kind {
        at += 2
        arguments.named.append((name, try expression()))
      } else if arguments.named.isEmpty {
        arguments.positional.append(try expression())
      } else {
        throw error("an argument without a name follows one with a name", token.place)
      }
    }
    return arguments
  }

  // MARK: Filters and tests

  /// `| filter` and `is test` after a value.
  mutating func filtered(_ value: TemplateExpression) throws(TokenizerError) -> TemplateExpression {
    var value = value
    while true {
      let place = token.place
      if case .symbol("|") = token.kind {
        for filter in try filters() {
          value = try make(.filter(value, filter), filter.place, over: [value] + filter.arguments.all)
        }
      } else if acceptName("is") {
        let negated = acceptName("not")
        let test = try test()
        value = try make(.test(value, test, negated: negated), place, over: [value] + test.arguments.all)
      } else if case .symbol("(") = token.kind, case .filter = value.kind {
        throw error("the result of a filter cannot be called", place)
      } else {
        return value
      }
    }
  }

  /// `| a | b(...)`
  mutating func filters() throws(TokenizerError) -> [TemplateFilter] {
    var filters: [TemplateFilter] = []
    while case .symbol("|") = token.kind {
      at += 1
      filters.append(try filter())
    }
    return filters
  }

  mutating func filter() throws(TokenizerError) -> TemplateFilter {
    let place = token.place
    let name = try identifier()
    let function = TemplateLibrary.filters[name] ?? .unsupported("filter", name, TemplateLibrary.filters)
    let arguments = token.kind == .symbol("(") ? try arguments() : TemplateArguments()
    return TemplateFilter(function: function, arguments: arguments, place: place)
  }

  /// `name`, `name(...)`, or `name argument`.
  private mutating func test() throws(TokenizerError) -> TemplateFilter {
    let place = token.place
    let name = try identifier()
    let function = TemplateLibrary.tests[name] ?? .unsupported("test", name, TemplateLibrary.tests)
    var arguments = TemplateArguments()
    switch token.kind {
    case .symbol("("): arguments = try self.arguments()
    case .name("is"): throw error("'is' after a test is not supported", token.place, remedy: "join tests with 'and'")
    case .name("else"), .name("or"), .name("and"), .name("not"), .name("if"), .name("in"): break
    case .name, .string, .integer, .number, .symbol("["), .symbol("{"):
      arguments.positional = [try postfixed(try primary())]
    default: break
    }
    return TemplateFilter(function: function, arguments: arguments, place: place)
  }
}
