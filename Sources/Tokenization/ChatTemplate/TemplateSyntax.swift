/// A part of a template: text, or what a tag says to do.
indirect enum TemplateNode: Sendable {
  case text(String)
  case print(TemplateExpression)
  case set(target: String, attribute: String?, TemplateExpression, TemplatePlace)
  case loop(TemplateLoop)
  /// The branches of if and elif in turn; the last one, of else, has no condition.
  case condition([(condition: TemplateExpression?, body: [TemplateNode])])
}

/// `{% for a, b in items if condition %}...{% else %}...{% endfor %}`
struct TemplateLoop: Sendable {
  var targets: [String]
  var items: TemplateExpression
  var condition: TemplateExpression?
  var body: [TemplateNode]
  /// Rendered when there are no items.
  var otherwise: [TemplateNode]
  var place: TemplatePlace
}

/// What a tag computes, with its place for errors.
struct TemplateExpression: Sendable {
  indirect enum Kind: Sendable {
    case literal(TemplateValue)
    case variable(String)
    case list([TemplateExpression])
    case map([(key: TemplateExpression, value: TemplateExpression)])
    /// `a.name`
    case attribute(TemplateExpression, String)
    /// `a[b]`
    case item(TemplateExpression, TemplateExpression)
    /// `a[start:stop:step]`
    case slice(TemplateExpression, start: TemplateExpression?, stop: TemplateExpression?, step: TemplateExpression?)
    /// `name(...)`
    case call(String, TemplateArguments)
    /// `a.name(...)`
    case method(TemplateExpression, String, TemplateArguments)
    /// `a | name(...)`
    case filter(TemplateExpression, String, TemplateArguments)
    /// `a is name`, `a is not name`
    case test(TemplateExpression, String, negated: Bool)
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case and(TemplateExpression, TemplateExpression)
    case or(TemplateExpression, TemplateExpression)
    /// `a < b <= c`: each neighbour compared.
    case comparison(TemplateExpression, [(symbol: String, operand: TemplateExpression)])
    case arithmetic(String, TemplateExpression, TemplateExpression)
    /// `a if condition else b`
    case choice(TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
  }

  let kind: Kind
  let place: TemplatePlace
}

/// The arguments of a call.
struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []
}
