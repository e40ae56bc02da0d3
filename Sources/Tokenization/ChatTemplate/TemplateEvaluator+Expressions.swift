import Diagnostics

extension TemplateEvaluator {
  func evaluate(_ expression: TemplateExpression) throws(TokenizerError) -> TemplateValue {
    let place = expression.place
    switch expression.kind {
    case .literal(let value): return value
    case .variable(let name): return scopes.reversed().lazy.compactMap { $0[name] }.first ?? .undefined(name)
    case .list(let items): return .list(try evaluate(items))
    case .map(let members):
      var out: [(key: String, value: TemplateValue)] = []
      for member in members {
        guard case .string(let key) = try evaluate(member.key) else {
          throw error("the key of a mapping must be a string", member.key.place)
        }
        out.append((key, try evaluate(member.value)))
      }
      return .map(out)
    case .attribute(let base, let key): return try member(of: evaluate(base), .string(key), place)
    case .item(let base, let key): return try member(of: evaluate(base), evaluate(key), place)
    case .slice(let base, let start, let stop, let step):
      return try slice(evaluate(base), bound(start), bound(stop), bound(step), place)
    case .call(let name, let arguments): return try call(name, evaluate(arguments), place)
    case .method(let base, let name, let arguments):
      return try method(name, on: evaluate(base), evaluate(arguments), place)
    case .filter(let base, let name, let arguments):
      return try filter(name, evaluate(base), evaluate(arguments), place)
    case .test(let base, let name, let negated):
      return .bool(TemplateLibrary.test(name, try evaluate(base)) != negated)
    case .not(let operand): return .bool(try !evaluate(operand).isTrue)
    case .negative(let operand): return try arithmetic("-", .integer(0), evaluate(operand), place)
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    case .comparison(let first, let rest):
      var left = try evaluate(first)
      for (symbol, operand) in rest {
        let right = try evaluate(operand)
        guard try compare(left, symbol, right, place) else { return .bool(false) }
        left = right
      }
      return .bool(true)
    case .arithmetic(let symbol, let left, let right):
      return try arithmetic(symbol, evaluate(left), evaluate(right), place)
    case .choice(let value, let condition, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(value) }
      guard let otherwise else { return .undefined("(no else)") }
      return try evaluate(otherwise)
    }
  }

  private func evaluate(_ expressions: [TemplateExpression]) throws(TokenizerError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  private func evaluate(_ arguments: TemplateArguments) throws(TokenizerError) -> TemplateValues {
    var named: [String: TemplateValue] = [:]
    for (name, value) in arguments.named { named[name] = try evaluate(value) }
    return TemplateValues(positional: try evaluate(arguments.positional), named: named)
  }

  private func bound(_ expression: TemplateExpression?) throws(TokenizerError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let int = value.int else { throw error("a slice needs whole numbers, got \(value.kind)", expression.place) }
    return int
  }

  private func member(
    of base: TemplateValue, _ key: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    let shown = key.text ?? key.kind
    switch (base, key) {
    case (.undefined, _): throw error("'\(shown)' was asked of \(base.kind)", place)
    case (.map, .string(let name)): return base.member(name) ?? .undefined(name)
    case (.list(let items), .integer(let index)):
      let index = index < 0 ? index + items.count : index
      return items.indices.contains(index) ? items[index] : .undefined("[\(shown)]")
    case (.string(let text), .integer(let index)):
      let scalars = Array(text.unicodeScalars)
      let index = index < 0 ? index + scalars.count : index
      return scalars.indices.contains(index) ? .string(String(scalars[index])) : .undefined("[\(shown)]")
    default: return .undefined(shown)
    }
  }

  private func slice(
    _ base: TemplateValue, _ start: Int?, _ stop: Int?, _ step: Int?, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    let step = step ?? 1
    guard step != 0 else { throw error("the step of a slice is 0", place) }
    func picked(_ count: Int) -> [Int] {
      // Python's rules: negative bounds count from the end, all are clipped.
      func clip(_ bound: Int) -> Int {
        let bound = bound < 0 ? max(bound, -count - 1) + count : bound
        return step > 0 ? min(max(bound, 0), count) : min(max(bound, -1), count - 1)
      }
      let from = start.map(clip) ?? (step > 0 ? 0 : count - 1)
      let to = stop.map(clip) ?? (step > 0 ? count : -1)
      return Array(stride(from: from, to: to, by: step))
    }
    switch base {
    case .list(let items): return .list(picked(items.count).map { items[$0] })
    case .string(let text):
      let scalars = Array(text.unicodeScalars)
      return .string(TemplateText.string(picked(scalars.count).map { scalars[$0] }))
    default: throw error("a slice needs a list or a string, got \(base.kind)", place)
    }
  }

  private func compare(
    _ left: TemplateValue, _ symbol: String, _ right: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> Bool {
    switch symbol {
    case "==": return left.equals(right)
    case "!=": return !left.equals(right)
    case "in": return try contains(right, left, place)
    case "not in": return try !contains(right, left, place)
    default: break
    }
    func ordered<T: Comparable>(_ a: T, _ b: T) -> Bool {
      switch symbol {
      case "<": a < b
      case "<=": a <= b
      case ">": a > b
      default: a >= b
      }
    }
    if let a = left.double, let b = right.double { return ordered(a, b) }
    if case .string(let a) = left, case .string(let b) = right {
      // Scalars in order are UTF-8 in order.
      return ordered(ComparableBytes(bytes: Array(a.utf8)), ComparableBytes(bytes: Array(b.utf8)))
    }
    throw error("'\(symbol)' cannot compare \(left.kind) and \(right.kind)", place)
  }

  private func contains(
    _ container: TemplateValue, _ value: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> Bool {
    switch (container, value) {
    case (.list(let items), _): return items.contains { $0.equals(value) }
    case (.map, .string(let key)): return container.member(key) != nil
    case (.map, _), (.undefined, _): return false
    case (.string(let text), .string(let part)):
      let bytes = Array(text.utf8)
      return part.isEmpty || !TextPattern.literal(Array(part.utf8)).matches(in: bytes, 0..<bytes.count).isEmpty
    default: throw error("'in' cannot look for \(value.kind) in \(container.kind)", place)
    }
  }

  private func arithmetic(
    _ symbol: String, _ left: TemplateValue, _ right: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    if symbol == "~" { return .string(try text(of: left, place) + text(of: right, place)) }
    switch (symbol, left, right) {
    case ("+", .string(let a), .string(let b)): return .string(a + b)
    case ("+", .list(let a), .list(let b)): return .list(a + b)
    default: break
    }
    if let a = left.int, let b = right.int, symbol != "/" {
      let (value, overflow) =
        switch symbol {
        case "+": a.addingReportingOverflow(b)
        case "-": a.subtractingReportingOverflow(b)
        case "*": a.multipliedReportingOverflow(by: b)
        case "//": Self.floorDivision(a, b).quotient
        default: Self.floorDivision(a, b).remainder
        }
      if overflow { throw error("'\(symbol)' of \(a) and \(b) is not a number", place) }
      return .integer(value)
    }
    if let a = left.double, let b = right.double {
      switch symbol {
      case "+": return .number(a + b)
      case "-": return .number(a - b)
      case "*": return .number(a * b)
      case "/" where b != 0: return .number(a / b)
      case "//" where b != 0: return .number((a / b).rounded(.down))
      case "%" where b != 0: return .number(a - b * (a / b).rounded(.down))
      default: throw error("'\(symbol)' of \(a) and \(b) is not a number", place)
      }
    }
    let remedy = symbol == "+" ? "join with '~', which takes any value" : nil
    throw error("'\(symbol)' cannot take \(left.kind) and \(right.kind)", place, remedy: remedy)
  }

  /// Python's division, which rounds down; overflow says that there is no result.
  private static func floorDivision(_ a: Int, _ b: Int) -> (quotient: (Int, Bool), remainder: (Int, Bool)) {
    let (quotient, overflow) = a.dividedReportingOverflow(by: b)
    if overflow { return ((0, true), (0, true)) }
    let remainder = a - quotient * b
    let rounds = remainder != 0 && (remainder < 0) != (b < 0)
    return ((rounds ? quotient - 1 : quotient, false), (rounds ? remainder + b : remainder, false))
  }
}

/// Bytes in the order of a dictionary.
private struct ComparableBytes: Comparable {
  let bytes: [UInt8]
  static func < (a: ComparableBytes, b: ComparableBytes) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
