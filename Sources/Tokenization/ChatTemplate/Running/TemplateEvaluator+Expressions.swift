extension TemplateEvaluator {
  func evaluate(_ expression: TemplateExpression) throws(TokenizerError) -> TemplateValue {
    let place = expression.place
    try spend(1, place)
    switch expression.kind {
    case .literal(let value): return value
    case .variable(let name):
      return variable(name) ?? TemplateLibrary.functions[name].map { .callable(.function($0)) }
        ?? .undefined("'\(name)'")
    default: break
    }
    try enter(place)
    defer { leave() }
    switch expression.kind {
    case .literal, .variable: return .none  // done above
    case .list(let items): return try nested(.list(evaluate(items)), place)
    case .tuple(let items): return try nested(.tuple(evaluate(items)), place)
    case .map(let members): return try nested(.map(map(members, place)), place)
    case .attribute(let base, let name): return try attribute(name, of: evaluate(base), place)
    case .item(let base, let key): return try item(evaluate(key), of: evaluate(base), place)
    case .slice(let base, let start, let stop, let step):
      return try slice(evaluate(base), bound(start), bound(stop), bound(step), place)
    case .call: return try evaluate(expression, caller: nil)
    case .filter(let base, let filter): return try apply(filter, to: evaluate(base))
    case .test(let base, let test, let negated):
      let holds = try invoke(test.function, "the test", evaluate(base), evaluate(test.arguments), test.place)
      return .bool(holds.isTrue != negated)
    case .not(let operand): return .bool(try !evaluate(operand).isTrue)
    case .negative(let operand): return try arithmetic("-", .integer(0), evaluate(operand), place)
    case .and(let operands): return try first(of: operands) { !$0.isTrue }
    case .or(let operands): return try first(of: operands) { $0.isTrue }
    case .comparison(let first, let rest):
      var left = try evaluate(first)
      for (symbol, operand) in rest {
        let right = try evaluate(operand)
        guard try compare(left, symbol, right, place) else { return .bool(false) }
        left = right
      }
      return .bool(true)
    case .arithmetic(let first, let rest):
      var value = try evaluate(first)
      for (symbol, operand) in rest { value = try arithmetic(symbol, value, evaluate(operand), place) }
      return value
    case .concatenation(let operands):
      var printer = TemplatePrinter(self, place)
      for operand in operands { try printer.append(text(of: evaluate(operand), operand.place)) }
      return .string(printer.text)
    case .choice(let value, let condition, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(value) }
      guard let otherwise else { return .undefined("the value of an 'if' without 'else'") }
      return try evaluate(otherwise)
    }
  }

  private func evaluate(_ expressions: [TemplateExpression]) throws(TokenizerError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  private func nested(_ value: TemplateValue, _ place: TemplatePlace) throws(TokenizerError) -> TemplateValue {
    try checkNesting(of: value, place)
    return value
  }

  private func map(
    _ members: [(key: TemplateExpression, value: TemplateExpression)], _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateMap {
    var map = TemplateMap()
    for member in members {
      let key = try evaluate(member.key)
      guard TemplateMap.canBeKey(key) else {
        throw error("the key of a mapping must be a string or a number, got \(key.kind)", member.key.place)
      }
      try spendSearch(of: map, place)
      map[key] = try evaluate(member.value)
    }
    return map
  }

  /// The first operand that decides, or the last one.
  private func first(
    of operands: [TemplateExpression], where decides: (TemplateValue) -> Bool
  ) throws(TokenizerError) -> TemplateValue {
    var value = TemplateValue.none
    for operand in operands {
      value = try evaluate(operand)
      if decides(value) { break }
    }
    return value
  }

  private func bound(_ expression: TemplateExpression?) throws(TokenizerError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let int = value.int else { throw error("a slice needs whole numbers, got \(value.kind)", expression.place) }
    return int
  }
}
