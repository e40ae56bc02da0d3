extension TemplateLibrary {
  static let globalFunctions: [TemplateFunction] = [
    TemplateFunction("raise_exception", ["message"], required: 1) { call throws(TokenizerError) in
      let message = try call.text(of: call["message"] ?? .none)
      throw .refusedByTemplate(message: message, line: call.place.line, name: call.evaluator.name)
    },
    TemplateFunction("namespace", takesMore: true) { call throws(TokenizerError) in
      let members = try map(of: call)
      call.evaluator.namespaces.append(members)
      return .namespace(call.evaluator.namespaces.count - 1)
    },
    TemplateFunction("dict", takesMore: true) { call throws(TokenizerError) in .map(try map(of: call)) },
    TemplateFunction("range", ["start", "stop", "step"], required: 1) { call throws(TokenizerError) in
      try range(call)
    },
    TemplateFunction("strftime_now", ["format"], required: 1) { call throws(TokenizerError) in
      guard let date = call.evaluator.date else {
        throw call.error("the template writes today's date, and no date is given", remedy: "give a date to write")
      }
      let format = try call.string("format") ?? ""
      do throws(ChatDate.UnknownDirective) {
        return .string(try date.formatted(format))
      } catch {
        throw call.error(
          "\(call.shown) has no directive '\(error.directive)'",
          remedy: "the directives are: \(ChatDate.directives.map { "%\($0)" }.joined(separator: " "))")
      }
    },
  ]

  /// The members of `dict(...)` and `namespace(...)`: a mapping, then arguments by name.
  private static func map(of call: TemplateCall) throws(TokenizerError) -> TemplateMap {
    var members = TemplateMap()
    switch call.more.positional.first {
    case nil: break
    case .map(let map)? where call.more.positional.count == 1: members = map
    case let other?: throw call.error("\(call.shown) needs a mapping or arguments by name, got \(other.kind)")
    }
    for (name, value) in call.more.named {
      try call.evaluator.spendSearch(of: members, call.place)
      members[name] = value
    }
    return members
  }

  private static func range(_ call: TemplateCall) throws(TokenizerError) -> TemplateValue {
    let first = try call.int("start") ?? 0
    let stop = try call.int("stop")
    let step = try call.int("step") ?? 1
    guard step != 0 else { throw call.error("the step of 'range' is 0") }
    let numbers = stride(from: stop == nil ? 0 : first, to: stop ?? first, by: step)
    let items = numbers.prefix(TemplateLimits.range + 1).map { TemplateValue.integer($0) }
    guard items.count <= TemplateLimits.range else {
      throw call.error("'range' has more than \(TemplateLimits.range) numbers")
    }
    try call.spend(items.count)
    return .lazy(items, .range)
  }
}
