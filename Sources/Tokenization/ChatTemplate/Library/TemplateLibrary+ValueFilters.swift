/// Filters that give a value for a value.
extension TemplateLibrary {
  static let valueFilters: [TemplateFunction] =
    TemplateFunction("default", ["default_value", "boolean"]) { call throws(TokenizerError) in
      let other = call["default_value"] ?? .string("")
      if case .undefined = call.subject { return other }
      return call.flag("boolean") && !call.subject.isTrue ? other : call.subject
    }.named("d") + [
      TemplateFunction("int", ["default", "base"]) { call throws(TokenizerError) in try whole(call) },
      TemplateFunction("float", ["default"]) { call throws(TokenizerError) in
        switch call.subject {
        case .string(let text): return number(text).map { .number($0) } ?? call["default"] ?? .number(0)
        case .undefined: throw call.unfit()
        default: return call.subject.double.map { .number($0) } ?? call["default"] ?? .number(0)
        }
      },
      TemplateFunction("abs") { call throws(TokenizerError) in
        if case .number(let value) = call.subject { return .number(value.magnitude) }
        guard let value = call.subject.int else { throw call.unfit() }
        return value < 0
          ? try call.evaluator.arithmetic("-", .integer(0), .integer(value), call.place) : .integer(value)
      },
      TemplateFunction("sum", ["attribute", "start"]) { call throws(TokenizerError) in
        var total = call["start"] ?? .integer(0)
        for item in try call.items() {
          var value = item
          if let path = call["attribute"] { value = try member(path, of: item, call) }
          total = try call.evaluator.arithmetic("+", total, value, call.place)
        }
        return total
      },
    ]

  /// Python's `int`, or a default for what is no number.
  private static func whole(_ call: TemplateCall) throws(TokenizerError) -> TemplateValue {
    let base = try call.int("base") ?? 10
    guard (2...36).contains(base) else { throw call.error("\(call.shown) takes a base from 2 to 36") }
    let other = call["default"] ?? .integer(0)
    switch call.subject {
    case .string(let text):
      let digits = PythonText.stripped(text)
      if let value = Int(digits, radix: base) { return .integer(value) }
      return number(text).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) } ?? other
    case .number(let value): return Int(exactly: value.rounded(.towardZero)).map { .integer($0) } ?? other
    case .undefined: throw call.unfit()
    default: return call.subject.int.map { .integer($0) } ?? other
    }
  }

  /// Python's `float` of a text.
  private static func number(_ text: String) -> Double? {
    let digits = PythonText.stripped(text)
    // Python knows no hexadecimal here.
    return digits.utf8.contains { $0 | 0x20 == UInt8(ascii: "x") } ? nil : Double(digits)
  }
}
