/// Renders a template once.
///
/// Statements are here, loops and macros in files of their own, expressions in `TemplateEvaluator+Expressions.swift`.
final class TemplateEvaluator {
  /// What the template is called in errors.
  let name: String
  let date: ChatDate?
  private let limits: TemplateLimits
  /// Variables by name, innermost scope last. A loop opens a scope; what is set in it is gone after it.
  var scopes: [[String: TemplateValue]]
  var namespaces: [TemplateMap] = []
  var macros: [(macro: TemplateMacro, scopes: ArraySlice<[String: TemplateValue]>)] = []
  var output = ""
  private var steps = 0
  private var depth = 0

  init(variables: [String: TemplateValue], date: ChatDate?, limits: TemplateLimits, name: String) {
    scopes = [variables]
    self.limits = limits
    self.date = date
    self.name = name
  }

  func render(_ nodes: [TemplateNode]) throws(TokenizerError) -> String {
    _ = try run(nodes)
    return output
  }

  /// Runs nodes until one leaves the loop around them.
  func run(_ nodes: [TemplateNode]) throws(TokenizerError) -> TemplateJump? {
    for node in nodes {
      switch node {
      case .text(let text, let place): try write(text, place)
      case .print(let expression): try write(text(of: evaluate(expression), expression.place), expression.place)
      case .set(let target, let expression): try assign(evaluate(expression), to: target)
      case .capture(let target, let filters, let body):
        try assign(captured(body, filters, target.place), to: target)
      case .filtered(let filters, let body):
        try write(text(of: captured(body, filters, filters[0].place), filters[0].place), filters[0].place)
      case .loop(let loop): if let jump = try run(loop) { return jump }
      case .condition(let branches):
        for branch in branches {
          if let condition = branch.condition, try !evaluate(condition).isTrue { continue }
          if let jump = try run(branch.body) { return jump }
          break
        }
      case .macro(let macro): scopes[scopes.count - 1][macro.name] = define(macro)
      case .call(let call, let caller):
        try write(text(of: evaluate(call, caller: define(caller)), call.place), call.place)
      case .scope(let bindings, let body): if let jump = try run(body, with: bindings) { return jump }
      case .jump(let jump): return jump
      }
    }
    return nil
  }

  /// Runs a body with variables of its own. Each is computed without those before it.
  private func run(
    _ body: [TemplateNode], with bindings: [(target: TemplateTarget, value: TemplateExpression)]
  ) throws(TokenizerError) -> TemplateJump? {
    var values: [TemplateValue] = []
    for binding in bindings { values.append(try evaluate(binding.value)) }
    scopes.append([:])
    defer { scopes.removeLast() }
    for (binding, value) in zip(bindings, values) { try assign(value, to: binding.target) }
    return try run(body)
  }

  /// What a body renders to, after some filters.
  private func captured(
    _ body: [TemplateNode], _ filters: [TemplateFilter], _ place: TemplatePlace
  ) throws(TokenizerError) -> TemplateValue {
    scopes.append([:])
    defer { scopes.removeLast() }
    var value = TemplateValue.string(try rendered(body, place))
    for filter in filters { value = try apply(filter, to: value) }
    return value
  }

  /// What a body renders to, kept from the output.
  func rendered(_ body: [TemplateNode], _ place: TemplatePlace) throws(TokenizerError) -> String {
    try enter(place)
    defer { leave() }
    let outer = output
    output = ""
    defer { output = outer }
    _ = try run(body)
    return output
  }

  func assign(_ value: TemplateValue, to target: TemplateTarget) throws(TokenizerError) {
    switch target.kind {
    case .name(let name): scopes[scopes.count - 1][name] = value
    case .attribute(let name, let attribute):
      // Only a namespace can be changed, and from any scope within it: that is what it is for.
      guard case .namespace(let index)? = variable(name) else {
        throw error("'\(name)' is not a namespace, so '\(name).\(attribute)' cannot be set", target.place)
      }
      try spendSearch(of: namespaces[index], target.place)
      namespaces[index][attribute] = value
    case .tuple(let targets):
      guard let parts = value.elements?.values, parts.count == targets.count else {
        let count = value.elements.map { "\($0.values.count) values" } ?? value.kind
        throw error("there are \(targets.count) names for \(count)", target.place)
      }
      for (target, part) in zip(targets, parts) { try assign(part, to: target) }
    }
  }

  func variable(_ name: String) -> TemplateValue? {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    return nil
  }

  // MARK: Text

  private func write(_ text: String, _ place: TemplatePlace) throws(TokenizerError) {
    try spend(1 + text.utf8.count / 32, place)
    output += text
    try checkLength(output.utf8.count, place)
  }

  /// A value as Python prints it.
  func text(of value: TemplateValue, _ place: TemplatePlace) throws(TokenizerError) -> String {
    if case .string(let text) = value { return text }
    var printer = TemplatePrinter(self, place)
    try printer.print(value)
    return printer.text
  }

  // MARK: Limits

  /// Counts steps, so that a template ends.
  func spend(_ count: Int, _ place: TemplatePlace) throws(TokenizerError) {
    steps += count
    if steps > limits.steps { throw error("the template takes more than \(limits.steps) steps", place) }
  }

  /// Checks how long a text or list is, or is about to be, so that memory lasts.
  func checkLength(_ count: Int, _ place: TemplatePlace) throws(TokenizerError) {
    if count > limits.text { throw error("a text or list grows beyond \(limits.text) bytes or items", place) }
  }

  /// Counts levels, so that the stack lasts.
  func enter(_ place: TemplatePlace) throws(TokenizerError) {
    depth += 1
    if depth > TemplateLimits.calls {
      throw error("macros and expressions call each other more than \(TemplateLimits.calls) deep", place)
    }
  }

  func leave() { depth -= 1 }

  func error(_ problem: String, _ place: TemplatePlace, remedy: String? = nil) -> TokenizerError {
    .template(problem: problem, line: place.line, column: place.column, name: name, remedy: remedy)
  }
}
