extension TemplateLibrary {
  static let kindTests: [TemplateFunction] = [
    test("defined") { if case .undefined = $0 { false } else { true } },
    test("undefined") { if case .undefined = $0 { true } else { false } },
    test("none") { if case .none = $0 { true } else { false } },
    test("boolean") { if case .bool = $0 { true } else { false } },
    test("true") { if case .bool(true) = $0 { true } else { false } },
    test("false") { if case .bool(false) = $0 { true } else { false } },
    test("integer") { if case .integer = $0 { true } else { false } },
    test("float") { if case .number = $0 { true } else { false } },
    test("number") { $0.double != nil },
    test("string") { if case .string = $0 { true } else { false } },
    test("mapping") { if case .map = $0 { true } else { false } },
    test("iterable") { value in
      if case .loop = value { true } else { value.elements != nil }
    },
    test("sequence") { value in
      switch value {
      case .list, .tuple, .lazy(_, .range), .string, .map, .undefined: true
      default: false
      }
    },
    test("callable") { value in
      switch value {
      case .callable, .undefined: true
      default: false
      }
    },
  ]

  static let comparisonTests: [TemplateFunction] =
    comparison("==", "eq", "equalto") + comparison("!=", "ne") + comparison("<", "lt", "lessthan")
    + comparison("<=", "le") + comparison(">", "gt", "greaterthan") + comparison(">=", "ge") + comparison("in", "in")
    + [
      TemplateFunction("odd") { call throws(TokenizerError) in .bool(try remainder(call, by: 2) != 0) },
      TemplateFunction("even") { call throws(TokenizerError) in .bool(try remainder(call, by: 2) == 0) },
      TemplateFunction("divisibleby", ["num"], required: 1) { call throws(TokenizerError) in
        guard let divisor = try call.int("num"), divisor != 0 else {
          throw call.error("\(call.shown) needs a whole number other than 0")
        }
        return .bool(try remainder(call, by: divisor) == 0)
      },
      TemplateFunction("lower") { call throws(TokenizerError) in
        let text = try call.text()
        return .bool(PythonText.isCased(text) && same(text, PythonText.lowercased(text)))
      },
      TemplateFunction("upper") { call throws(TokenizerError) in
        let text = try call.text()
        return .bool(PythonText.isCased(text) && same(text, PythonText.uppercased(text)))
      },
    ]

  private static func test(_ name: String, holds: @escaping @Sendable (TemplateValue) -> Bool) -> TemplateFunction {
    TemplateFunction(name) { call throws(TokenizerError) in .bool(holds(call.subject)) }
  }

  /// A comparison under its symbol's names.
  private static func comparison(_ symbol: String, _ names: String...) -> [TemplateFunction] {
    names.map { name in
      TemplateFunction(name, ["other"], required: 1) { call throws(TokenizerError) in
        .bool(try call.evaluator.compare(call.subject, symbol, call["other"] ?? .none, call.place))
      }
    }
  }

  private static func remainder(_ call: TemplateCall, by divisor: Int) throws(TokenizerError) -> Int {
    guard let value = call.subject.int else { throw call.unfit() }
    return value.remainderReportingOverflow(dividingBy: divisor).partialValue
  }

  /// Whether two strings are the same scalars.
  static func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}
