/// A function, method, filter or test that templates may call.
struct TemplateFunction: Sendable {
  typealias Body = @Sendable (TemplateCall) throws(TokenizerError) -> TemplateValue

  let name: String
  /// The names of the arguments in their order.
  let parameters: [String]
  /// How many of the arguments there must be.
  let required: Int
  /// Whether further arguments are taken, which the body deals with.
  let takesMore: Bool
  let body: Body

  init(
    _ name: String, _ parameters: [String] = [], required: Int = 0, takesMore: Bool = false, body: @escaping Body
  ) {
    self.name = name
    self.parameters = parameters
    self.required = required
    self.takesMore = takesMore
    self.body = body
  }
}

/// Computed arguments of a call.
struct TemplateCallValues {
  var positional: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []
}

/// One call: what it is asked of, and its arguments by name.
struct TemplateCall {
  let evaluator: TemplateEvaluator
  /// The function as an error names it: "the filter 'join'".
  let shown: String
  /// What the filter, test or method is asked of.
  let subject: TemplateValue
  let place: TemplatePlace
  /// Arguments beyond the named parameters.
  private(set) var more = TemplateCallValues()
  private var arguments: [String: TemplateValue] = [:]

  init(
    evaluator: TemplateEvaluator, function: TemplateFunction, shown: String, subject: TemplateValue,
    values: TemplateCallValues, place: TemplatePlace
  ) throws(TokenizerError) {
    self.evaluator = evaluator
    self.shown = shown
    self.subject = subject
    self.place = place
    for (name, value) in zip(function.parameters, values.positional) { arguments[name] = value }
    more.positional = Array(values.positional.dropFirst(function.parameters.count))
    for (name, value) in values.named {
      if function.parameters.contains(name), arguments[name] == nil {
        arguments[name] = value
      } else {
        more.named.append((name, value))
      }
    }
    let accepted = function.parameters.isEmpty ? "no arguments" : function.parameters.joined(separator: ", ")
    if !function.takesMore, !more.positional.isEmpty || !more.named.isEmpty {
      let extra = more.named.first.map { " named '\($0.name)'" } ?? ""
      throw error("\(shown) has an argument\(extra) too many", remedy: "it takes: \(accepted)")
    }
    if let missing = function.parameters.prefix(function.required).first(where: { arguments[$0] == nil }) {
      throw error("\(shown) lacks its argument '\(missing)'", remedy: "it takes: \(accepted)")
    }
  }

  /// An argument as it was given.
  subscript(name: String) -> TemplateValue? { arguments[name] }

  /// An argument, where it was given and is not `none`.
  private func given(_ name: String) -> TemplateValue? {
    guard let value = arguments[name] else { return nil }
    if case .none = value { return nil }
    return value
  }

  func string(_ name: String) throws(TokenizerError) -> String? {
    guard let value = given(name) else { return nil }
    guard case .string(let text) = value else {
      throw error("\(shown) needs a string as '\(name)', got \(value.kind)")
    }
    return text
  }

  func int(_ name: String) throws(TokenizerError) -> Int? {
    guard let value = given(name) else { return nil }
    guard let int = value.int else { throw error("\(shown) needs a whole number as '\(name)', got \(value.kind)") }
    return int
  }

  func flag(_ name: String) -> Bool { arguments[name]?.isTrue ?? false }

  /// What the filter or method is asked of, as Python prints it.
  func text() throws(TokenizerError) -> String { try evaluator.text(of: subject, place) }

  func text(of value: TemplateValue) throws(TokenizerError) -> String { try evaluator.text(of: value, place) }

  /// What the filter goes over.
  func items() throws(TokenizerError) -> [TemplateValue] {
    guard let items = subject.elements else { throw unfit() }
    try spend(items.values.count)
    return items.values
  }

  func spend(_ count: Int) throws(TokenizerError) { try evaluator.spend(count, place) }

  /// Texts one after the other, with a separator between.
  func joined(_ parts: [String], by separator: String) throws(TokenizerError) -> String {
    var printer = TemplatePrinter(evaluator, place)
    for (i, part) in parts.enumerated() {
      if i > 0 { try printer.append(separator) }
      try printer.append(part)
    }
    return printer.text
  }

  func error(_ problem: String, remedy: String? = nil) -> TokenizerError {
    evaluator.error(problem, place, remedy: remedy)
  }

  /// The subject is of a wrong kind.
  func unfit() -> TokenizerError { error("\(shown) cannot take \(subject.kind)") }
}
