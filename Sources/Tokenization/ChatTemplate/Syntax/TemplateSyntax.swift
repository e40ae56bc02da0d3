/// A part of a template: text, or what a tag says to do.
indirect enum TemplateNode: Sendable {
  case text(String, TemplatePlace)
  case print(TemplateExpression)
  case set(TemplateTarget, TemplateExpression)
  /// `{% set name | filter %}...{% endset %}`
  case capture(TemplateTarget, [TemplateFilter], [TemplateNode])
  /// `{% filter name %}...{% endfilter %}`
  case filtered([TemplateFilter], [TemplateNode])
  case loop(TemplateLoop)
  /// The branches of if and elif in turn; the last one, of else, has no condition.
  case condition([(condition: TemplateExpression?, body: [TemplateNode])])
  case macro(TemplateMacro)
  /// `{% call name(...) %}...{% endcall %}`, with its body as the macro `caller`.
  case call(TemplateExpression, caller: TemplateMacro)
  /// A body with variables of its own: `{% with a = 1 %}`, and `{% generation %}`, which begins without any.
  case scope([(target: TemplateTarget, value: TemplateExpression)], [TemplateNode])
  case jump(TemplateJump)
}

/// How a body ends before its end.
enum TemplateJump: Sendable {
  case `break`, `continue`
}

/// `{% for a, b in items if condition %}...{% else %}...{% endfor %}`
struct TemplateLoop: Sendable {
  var target: TemplateTarget
  var items: TemplateExpression
  var condition: TemplateExpression?
  var body: [TemplateNode]
  /// Rendered when there are no items.
  var otherwise: [TemplateNode]
}

/// What is assigned to.
struct TemplateTarget: Sendable {
  indirect enum Kind: Sendable {
    case name(String)
    /// `namespace.name`
    case attribute(String, String)
    /// `a, (b, c)`
    case tuple([TemplateTarget])
  }

  let kind: Kind
  let place: TemplatePlace
}

/// `{% macro name(a, b=1) %}...{% endmacro %}`
struct TemplateMacro: Sendable {
  var name: String
  var parameters: [(name: String, value: TemplateExpression?)]
  var body: [TemplateNode]
}

/// `name(...)` after a `|`, or after `is`.
struct TemplateFilter: Sendable {
  var function: TemplateFunction
  var arguments: TemplateArguments
  var place: TemplatePlace
}

/// What a tag computes, with its place for errors.
struct TemplateExpression: Sendable {
  indirect enum Kind: Sendable {
    case literal(TemplateValue)
    case variable(String)
    case list([TemplateExpression])
    case tuple([TemplateExpression])
    case map([(key: TemplateExpression, value: TemplateExpression)])
    /// `a.name`
    case attribute(TemplateExpression, String)
    /// `a[b]`
    case item(TemplateExpression, TemplateExpression)
    /// `a[start:stop:step]`
    case slice(TemplateExpression, start: TemplateExpression?, stop: TemplateExpression?, step: TemplateExpression?)
    /// `name(...)`, `a.name(...)`
    case call(TemplateExpression, TemplateArguments)
    /// `a | name(...)`
    case filter(TemplateExpression, TemplateFilter)
    /// `a is name`, `a is not name`
    case test(TemplateExpression, TemplateFilter, negated: Bool)
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case and([TemplateExpression])
    case or([TemplateExpression])
    /// `a < b <= c`: each neighbour compared.
    case comparison(TemplateExpression, [(symbol: String, operand: TemplateExpression)])
    /// `a + b - c`, `a * b // c`: from left to right.
    case arithmetic(TemplateExpression, [(symbol: String, operand: TemplateExpression)])
    /// `a ~ b ~ c`
    case concatenation([TemplateExpression])
    /// `a if condition else b`
    case choice(TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
  }

  let kind: Kind
  let place: TemplatePlace
  /// How deep expressions nest in this one.
  let height: Int
}

/// The arguments of a call.
struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []

  var all: [TemplateExpression] { positional + named.map(\.value) }
}
