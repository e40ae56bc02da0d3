/// Renders the nodes of a template. Expressions are in `TemplateEvaluator+Expressions.swift`.
struct TemplateEvaluator {
  /// Variables by name, innermost scope last. A loop opens a scope; what is set in it is gone after it.
  var scopes: [[String: TemplateValue]]
  let name: String
  private var out = ""

  /// More text than this is taken for a template gone wild.
  private static let longestOutput = 1 << 28

  init(variables: [String: TemplateValue], name: String) {
    scopes = [variables]
    self.name = name
  }

  mutating func render(_ nodes: [TemplateNode]) throws(TokenizerError) -> String {
    try run(nodes)
    return out
  }

  private mutating func run(_ nodes: [TemplateNode]) throws(TokenizerError) {
    for node in nodes {
      switch node {
      case .text(let text): out += text
      case .print(let expression):
        out += try text(of: evaluate(expression), expression.place)
        if out.utf8.count > Self.longestOutput { throw error("the text grows without end", expression.place) }
      case .set(let target, let attribute, let expression, let place):
        try set(target, attribute, to: evaluate(expression), place)
      case .condition(let branches):
        for branch in branches
        where try branch.condition.map({ (c) throws(TokenizerError) in try evaluate(c).isTrue }) ?? true {
          try run(branch.body)
          break
        }
      case .loop(let loop): try run(loop)
      }
    }
  }

  private mutating func set(
    _ target: String, _ attribute: String?, to value: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) {
    guard let attribute else {
      scopes[scopes.count - 1][target] = value
      return
    }
    // Only a namespace can be changed, and from any scope within it: that is what it is for.
    guard let scope = scopes.lastIndex(where: { $0[target] != nil }), case .map(var members)? = scopes[scope][target],
      members.contains(where: { $0.key == TemplateLibrary.namespaceMark })
    else { throw error("'\(target)' is not a namespace, so '\(target).\(attribute)' cannot be set", place) }
    members.removeAll { $0.key == attribute }
    members.append((attribute, value))
    scopes[scope][target] = .map(members)
  }

  private mutating func run(_ loop: TemplateLoop) throws(TokenizerError) {
    let source = try evaluate(loop.items)
    guard var items = source.elements else {
      throw error("a loop needs a list, got \(source.kind)", loop.items.place)
    }
    scopes.append([:])
    defer { scopes.removeLast() }
    if let condition = loop.condition {
      var kept: [TemplateValue] = []
      for item in items {
        try bind(loop.targets, to: item, loop.place)
        if try evaluate(condition).isTrue { kept.append(item) }
      }
      items = kept
      scopes[scopes.count - 1] = [:]
    }
    if items.isEmpty {
      try run(loop.otherwise)
      return
    }
    for (index, item) in items.enumerated() {
      scopes[scopes.count - 1] = ["loop": Self.loopVariable(index, items)]
      try bind(loop.targets, to: item, loop.place)
      try run(loop.body)
    }
  }

  private mutating func bind(
    _ targets: [String], to item: TemplateValue, _ place: TemplatePlace
  ) throws(TokenizerError) {
    guard targets.count > 1 else {
      scopes[scopes.count - 1][targets[0]] = item
      return
    }
    guard case .list(let parts) = item, parts.count == targets.count else {
      throw error("the loop has \(targets.count) names, got \(item.kind) of another length", place)
    }
    for (target, part) in zip(targets, parts) { scopes[scopes.count - 1][target] = part }
  }

  private static func loopVariable(_ index: Int, _ items: [TemplateValue]) -> TemplateValue {
    var members: [(key: String, value: TemplateValue)] = [
      ("index", .integer(index + 1)), ("index0", .integer(index)), ("revindex", .integer(items.count - index)),
      ("revindex0", .integer(items.count - index - 1)), ("first", .bool(index == 0)),
      ("last", .bool(index == items.count - 1)), ("length", .integer(items.count)),
    ]
    if index > 0 { members.append(("previtem", items[index - 1])) }
    if index + 1 < items.count { members.append(("nextitem", items[index + 1])) }
    return .map(members)
  }

  func text(of value: TemplateValue, _ place: TemplatePlace) throws(TokenizerError) -> String {
    guard let text = value.text else {
      throw error("\(value.kind) cannot be printed", place, remedy: "print it with '| tojson'")
    }
    return text
  }

  func error(_ problem: String, _ place: TemplatePlace, remedy: String? = nil) -> TokenizerError {
    .template(problem: problem, line: place.line, column: place.column, name: name, remedy: remedy)
  }
}

extension TemplateValue {
  /// What a loop goes over: items, characters, or keys.
  var elements: [TemplateValue]? {
    switch self {
    case .list(let items): items
    case .string(let text): text.unicodeScalars.map { .string(String($0)) }
    case .map(let members): members.map { .string($0.key) }
    case .undefined: []
    default: nil
    }
  }
}
