/// Filters that go over items.
extension TemplateLibrary {
  static let listFilters: [TemplateFunction] =
    TemplateFunction("length") { call throws(TokenizerError) in
      guard let count = call.subject.count else { throw call.unfit() }
      return .integer(count)
    }.named("count") + [
      TemplateFunction("list") { call throws(TokenizerError) in .list(try call.items()) },
      TemplateFunction("first") { call throws(TokenizerError) in
        try call.items().first ?? .undefined("the first item of nothing")
      },
      TemplateFunction("last") { call throws(TokenizerError) in
        if case .lazy(_, .generator) = call.subject { throw call.unfit() }
        return try call.items().last ?? .undefined("the last item of nothing")
      },
      TemplateFunction("reverse") { call throws(TokenizerError) in
        if case .string(let text) = call.subject { return .string(PythonText.string(text.unicodeScalars.reversed())) }
        return .lazy(try call.items().reversed(), .generator)
      },
      TemplateFunction("items") { call throws(TokenizerError) in
        switch call.subject {
        case .map(let map): .lazy(map.pairs, .generator)
        case .undefined: .lazy([], .generator)
        default: throw call.unfit()
        }
      },
      TemplateFunction("map", takesMore: true) { call throws(TokenizerError) in .lazy(try mapped(call), .generator) },
      selecting("select", keeps: true, byMember: false), selecting("reject", keeps: false, byMember: false),
      selecting("selectattr", keeps: true, byMember: true), selecting("rejectattr", keeps: false, byMember: true),
    ]

  /// `map('filter', arguments)`, `map(attribute='name', default=none)`
  private static func mapped(_ call: TemplateCall) throws(TokenizerError) -> [TemplateValue] {
    // Jinja goes over nothing where there is nothing, `none` included.
    guard call.subject.isTrue else { return [] }
    let named = Dictionary(call.more.named, uniquingKeysWith: { first, _ in first })
    var values: [TemplateValue] = []
    if let path = named["attribute"], call.more.positional.isEmpty {
      for item in try call.items() {
        values.append(try member(path, of: item, call, default: named["default"]))
      }
      return values
    }
    let function = try function(of: call, in: filters, "filter")
    let arguments = TemplateCallValues(positional: Array(call.more.positional.dropFirst()), named: call.more.named)
    for item in try call.items() {
      values.append(try call.evaluator.invoke(function, "the filter", item, arguments, call.place))
    }
    return values
  }

  /// `select('test', arguments)`, `selectattr('member', 'test', arguments)`; without a test what is true is kept.
  private static func selecting(_ name: String, keeps: Bool, byMember: Bool) -> TemplateFunction {
    TemplateFunction(name, byMember ? ["attribute"] : [], required: byMember ? 1 : 0, takesMore: true) {
      call throws(TokenizerError) in
      .lazy(try selected(call, keeps: keeps), .generator)
    }
  }

  private static func selected(_ call: TemplateCall, keeps: Bool) throws(TokenizerError) -> [TemplateValue] {
    guard call.subject.isTrue else { return [] }
    var test: TemplateFunction?
    if !call.more.positional.isEmpty { test = try function(of: call, in: tests, "test") }
    let arguments = TemplateCallValues(positional: Array(call.more.positional.dropFirst()), named: call.more.named)
    var kept: [TemplateValue] = []
    for item in try call.items() {
      var value = item
      if let path = call["attribute"] { value = try member(path, of: item, call) }
      if let test { value = try call.evaluator.invoke(test, "the test", value, arguments, call.place) }
      if value.isTrue == keeps { kept.append(item) }
    }
    return kept
  }

  /// The filter or test that the first argument names.
  private static func function(
    of call: TemplateCall, in functions: [String: TemplateFunction], _ what: String
  ) throws(TokenizerError) -> TemplateFunction {
    guard case .string(let name)? = call.more.positional.first else {
      throw call.error("\(call.shown) needs the name of a \(what)")
    }
    return functions[name] ?? .unsupported(what, name, functions)
  }

  /// The member that a path like `a.b.0` leads to.
  ///
  /// - Parameter default: What stands for a member that is not there, at each step of the path.
  static func member(
    _ path: TemplateValue, of item: TemplateValue, _ call: TemplateCall, default: TemplateValue? = nil
  ) throws(TokenizerError) -> TemplateValue {
    var keys = [path]
    if case .string(let path) = path {
      keys = PythonText.parts(of: path, between: PythonText.occurrences(of: ".", in: path)).map { part in
        Int(part).map { .integer($0) } ?? .string(part)
      }
    }
    var value = item
    for key in keys {
      value = try call.evaluator.item(key, of: value, call.place)
      if case .undefined = value, let other = `default` { value = other }
    }
    return value
  }
}
