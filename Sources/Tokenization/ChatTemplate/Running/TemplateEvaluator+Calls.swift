extension TemplateEvaluator {
  /// A macro as a value. It sees the variables around its definition, those at the top as they are when it is called.
  func define(_ macro: TemplateMacro) -> TemplateValue {
    macros.append((macro, scopes.dropFirst()))
    return .callable(.macro(macros.count - 1))
  }

  /// Calls what an expression names.
  ///
  /// - Parameter caller: The body of a `call` statement.
  func evaluate(_ call: TemplateExpression, caller: TemplateValue? = nil) throws(TokenizerError) -> TemplateValue {
    guard case .call(let callee, let arguments) = call.kind else { return try evaluate(call) }
    let target = try evaluate(callee)
    let values = try evaluate(arguments)
    guard case .callable(let callable) = target else { throw notCallable(target, callee) }
    switch callable {
    case .macro(let index): return try invoke(macros[index], values, caller, call.place)
    case .method(let function, let base): return try invoke(function, "the method", base, values, call.place)
    case .function(let function): return try invoke(function, "the function", .none, values, call.place)
    }
  }

  /// The error for a call of what is no function: of a name that there is not, in most cases.
  private func notCallable(_ target: TemplateValue, _ callee: TemplateExpression) -> TokenizerError {
    switch (target, callee.kind) {
    case (.undefined, .variable(let name)):
      unsupported("function", name, TemplateLibrary.functions, callee.place)
    case (.undefined, .attribute(_, let name)):
      unsupported("method", name, TemplateLibrary.methods, callee.place)
    default: error("\(target.kind) cannot be called", callee.place)
    }
  }

  func apply(_ filter: TemplateFilter, to value: TemplateValue) throws(TokenizerError) -> TemplateValue {
    try invoke(filter.function, "the filter", value, evaluate(filter.arguments), filter.place)
  }

  func evaluate(_ arguments: TemplateArguments) throws(TokenizerError) -> TemplateCallValues {
    var values = TemplateCallValues()
    for argument in arguments.positional { values.positional.append(try evaluate(argument)) }
    for (name, argument) in arguments.named { values.named.append((name, try evaluate(argument))) }
    return values
  }

  /// Calls a function, method, filter or test.
  func invoke(
    _ function: TemplateFunction, _ what: String, _ subject: TemplateValue, _ values: TemplateCallValues,
    _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    try enter(place)
    defer { leave() }
    if case .string(let text) = subject { try spend(text.utf8.count / 32, place) }
    let call = try TemplateCall(
      evaluator: self, function: function, shown: "\(what) '\(function.name)'", subject: subject, values: values,
      place: place)
    let value = try function.body(call)
    try checkNesting(of: value, place)
    return value
  }

  func checkNesting(of value: TemplateValue, _ place: TemplatePlace) throws(TokenizerError) {
    if value.depth > TemplateLimits.nesting {
      throw error("lists are nested more than \(TemplateLimits.nesting) deep", place)
    }
  }

  private func invoke(
    _ definition: (macro: TemplateMacro, scopes: ArraySlice<[String: TemplateValue]>), _ values: TemplateCallValues,
    _ caller: TemplateValue?, _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    let macro = definition.macro
    try enter(place)
    defer { leave() }
    guard values.positional.count <= macro.parameters.count else {
      throw error(
        "the macro '\(macro.name)' takes \(macro.parameters.count) arguments, got \(values.positional.count)", place)
    }
    var given = Dictionary(
      zip(macro.parameters.map(\.name), values.positional), uniquingKeysWith: { first, _ in first })
    for (name, value) in values.named {
      guard macro.parameters.contains(where: { $0.name == name }), given[name] == nil else {
        throw error("the macro '\(macro.name)' has no argument '\(name)', or has it twice", place)
      }
      given[name] = value
    }
    let outer = scopes
    scopes = [scopes[0]] + definition.scopes + [caller.map { ["caller": $0] } ?? [:]]
    defer { scopes = outer }
    for parameter in macro.parameters {
      var value = given[parameter.name]
      // A default may use the parameters before it.
      if value == nil, let expression = parameter.value { value = try evaluate(expression) }
      scopes[scopes.count - 1][parameter.name] = value ?? .undefined("the parameter '\(parameter.name)'")
    }
    return .string(try rendered(macro.body, place))
  }
}
