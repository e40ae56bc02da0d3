extension TemplateEvaluator {
  func compare(
    _ left: TemplateValue, _ symbol: String, _ right: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> Bool {
    switch symbol {
    case "==": try equal(left, right, place)
    case "!=": try !equal(left, right, place)
    case "in": try contains(right, left, place)
    case "not in": try !contains(right, left, place)
    case "<": try precedes(left, right, symbol, place)
    case ">": try precedes(right, left, symbol, place)
    case "<=": if try precedes(left, right, symbol, place) { true } else { try equal(left, right, place) }
    default: if try precedes(right, left, symbol, place) { true } else { try equal(left, right, place) }
    }
  }

  /// Python's `==`.
  func equal(_ left: TemplateValue, _ right: TemplateValue, _ place: TemplatePlace) throws(TokenizerError) -> Bool {
    try spend(1, place)
    if let a = left.double, let b = right.double { return a == b }
    switch (left, right) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let a), .string(let b)):
      try spend(min(a.utf8.count, b.utf8.count) / 32, place)
      return a.utf8.elementsEqual(b.utf8)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)), (.lazy(let a, .range), .lazy(let b, .range)):
      guard a.values.count == b.values.count else { return false }
      for (a, b) in zip(a.values, b.values) {
        guard try equal(a, b, place) else { return false }
      }
      return true
    case (.map(let a), .map(let b)):
      guard a.members.count == b.members.count else { return false }
      for member in a.members {
        try spendSearch(of: b, place)
        guard let other = b[member.key], try equal(member.value, other, place) else { return false }
      }
      return true
    case (.namespace(let a), .namespace(let b)), (.callable(.macro(let a)), .callable(.macro(let b))): return a == b
    default: return false
    }
  }

  /// Python's `<`, for numbers, strings, and lists of those.
  ///
  /// - Parameter symbol: What the error says was asked.
  func precedes(
    _ left: TemplateValue, _ right: TemplateValue, _ symbol: String, _ place: TemplatePlace
  ) throws(TokenizerError) -> Bool {
    try spend(1, place)
    if let a = left.int, let b = right.int { return a < b }
    if let a = left.double, let b = right.double { return a < b }
    switch (left, right) {
    case (.string(let a), .string(let b)): return PythonText.precedes(a, b)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (a, b) in zip(a.values, b.values) where try !equal(a, b, place) { return try precedes(a, b, symbol, place) }
      return a.values.count < b.values.count
    default: throw error("'\(symbol)' cannot compare \(left.kind) and \(right.kind)", place)
    }
  }

  func contains(
    _ container: TemplateValue, _ value: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> Bool {
    switch (container, value) {
    case (.string(let text), .string(let part)):
      try spend((text.utf8.count + part.utf8.count) / 32, place)
      return PythonText.contains(text, part)
    case (.map(let map), _):
      try spendSearch(of: map, place)
      return map[value] != nil
    case (.undefined, _): return false
    case (.list(let items), _), (.tuple(let items), _), (.lazy(let items, _), _):
      for item in items.values where try equal(item, value, place) { return true }
      return false
    default: throw error("'in' cannot look for \(value.kind) in \(container.kind)", place)
    }
  }

  func arithmetic(
    _ symbol: String, _ left: TemplateValue, _ right: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    switch (symbol, left, right) {
    case ("+", .string(let a), .string(let b)):
      try spend((a.utf8.count + b.utf8.count) / 32, place)
      try checkLength(a.utf8.count + b.utf8.count, place)
      return .string(a + b)
    case ("+", .list(let a), .list(let b)):
      try spend(a.values.count + b.values.count, place)
      return .list(a.values + b.values)
    case ("+", .tuple(let a), .tuple(let b)):
      try spend(a.values.count + b.values.count, place)
      return .tuple(a.values + b.values)
    case ("*", .string, _), ("*", .list, _), ("*", .tuple, _):
      if let count = right.int { return try repeated(left, count, place) }
    case ("*", _, .string), ("*", _, .list), ("*", _, .tuple):
      if let count = left.int { return try repeated(right, count, place) }
    default: break
    }
    if let a = left.int, let b = right.int, symbol != "/" { return try whole(symbol, a, b, place) }
    if let a = left.double, let b = right.double { return try real(symbol, a, b, place) }
    let remedy = symbol == "+" ? "join with '~', which takes any value" : nil
    throw error("'\(symbol)' cannot take \(left.kind) and \(right.kind)", place, remedy: remedy)
  }

  /// `'-' * 3`, `[0] * 3`
  private func repeated(_ value: TemplateValue, _ count: Int, _ place: TemplatePlace) throws(TokenizerError)
    -> TemplateValue
  {
    let count = max(0, count)
    func size(_ one: Int) throws(TokenizerError) -> Int {
      let (size, overflow) = one.multipliedReportingOverflow(by: count)
      try checkLength(overflow ? .max : size, place)
      return size
    }
    switch value {
    case .string(let text):
      try spend(size(text.utf8.count) / 32, place)
      return .string(text.isEmpty ? "" : String(repeating: text, count: count))
    case .list(let items), .tuple(let items):
      try spend(size(items.values.count), place)
      let all = items.values.isEmpty ? [] : Array(repeatElement(items.values, count: count).joined())
      if case .tuple = value { return .tuple(all) }
      return .list(all)
    default: return .none  // none is asked for
    }
  }

  private func whole(_ symbol: String, _ a: Int, _ b: Int, _ place: TemplatePlace) throws(TokenizerError)
    -> TemplateValue
  {
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

  private func real(_ symbol: String, _ a: Double, _ b: Double, _ place: TemplatePlace) throws(TokenizerError)
    -> TemplateValue
  {
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

  /// Python's division, which rounds down; overflow says that there is no result.
  private static func floorDivision(_ a: Int, _ b: Int) -> (quotient: (Int, Bool), remainder: (Int, Bool)) {
    let (quotient, overflow) = a.dividedReportingOverflow(by: b)
    if overflow { return ((0, true), (0, true)) }
    let remainder = a - quotient * b
    let rounds = remainder != 0 && (remainder < 0) != (b < 0)
    return ((rounds ? quotient - 1 : quotient, false), (rounds ? remainder + b : remainder, false))
  }
}
