/// What expressions of a template compute: the values of Python that templates meet.
enum TemplateValue: Sendable {
  /// A name that nothing was given for; prints as nothing, is false, and is an error in most else. Carries what to call it.
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list(TemplateItems)
  case tuple(TemplateItems)
  /// What Python computes lazily: it can be gone over, and little else.
  case lazy(TemplateItems, Laziness)
  case map(TemplateMap)
  /// Members that `set` may change; an index into the evaluator's namespaces.
  case namespace(Int)
  /// The variable `loop`.
  case loop(TemplateLoopState)
  case callable(TemplateCallable)

  enum Laziness {
    /// `range(3)`: has a length and an index.
    case range
    /// `a.items()`, `a.keys()`, `a.values()`: has a length.
    case view
    /// What `map` and `select` give: is true even when it is empty.
    case generator
  }
}

/// The items of a list with how deep they nest, which is bounded: a value nested without end would exhaust the stack.
struct TemplateItems: Sendable {
  let values: [TemplateValue]
  let depth: Int

  init(_ values: [TemplateValue]) {
    self.values = values
    depth = 1 + (values.lazy.map(\.depth).max() ?? 0)
  }
}

/// Where a loop stands.
struct TemplateLoopState: Sendable {
  let items: TemplateItems
  let index: Int
}

/// What can be called.
indirect enum TemplateCallable: Sendable {
  case function(TemplateFunction)
  case method(TemplateFunction, of: TemplateValue)
  /// An index into the evaluator's macros.
  case macro(Int)
}

extension TemplateValue {
  static func list(_ values: [TemplateValue]) -> TemplateValue { .list(TemplateItems(values)) }
  static func tuple(_ values: [TemplateValue]) -> TemplateValue { .tuple(TemplateItems(values)) }
  static func lazy(_ values: [TemplateValue], _ laziness: Laziness) -> TemplateValue {
    .lazy(TemplateItems(values), laziness)
  }

  /// How deep lists and mappings nest in this value.
  var depth: Int {
    switch self {
    case .list(let items), .tuple(let items), .lazy(let items, _): items.depth
    case .map(let map): map.depth
    case .loop(let state): state.items.depth
    case .callable(.method(_, let base)): base.depth + 1
    default: 0
    }
  }

  /// What kind of value this is, as an error names it.
  var kind: String {
    switch self {
    case .undefined(let name): "\(name), which is undefined"
    case .none: "none"
    case .bool: "a boolean"
    case .integer: "a whole number"
    case .number: "a number"
    case .string: "a string"
    case .list: "a list"
    case .tuple: "a tuple"
    case .lazy(_, .range): "a range"
    case .lazy(_, .view): "the view of a mapping"
    case .lazy(_, .generator): "the result of a lazy filter"
    case .map: "a mapping"
    case .namespace: "a namespace"
    case .loop: "the loop"
    case .callable(.macro): "a macro"
    case .callable(.method(let method, _)): "the method '\(method.name)'"
    case .callable(.function(let function)): "the function '\(function.name)'"
    }
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .string(let value): !value.isEmpty
    case .list(let items), .tuple(let items), .lazy(let items, .range), .lazy(let items, .view): !items.values.isEmpty
    case .map(let map): !map.members.isEmpty
    case .lazy(_, .generator), .namespace, .loop, .callable: true
    }
  }

  /// Whole numbers, and booleans, which Python counts among them.
  var int: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// Any number, and booleans.
  var double: Double? {
    if case .number(let value) = self { return value }
    return int.map(Double.init)
  }

  /// What a loop goes over: items, characters, or keys.
  var elements: TemplateItems? {
    switch self {
    case .list(let items), .tuple(let items), .lazy(let items, _): items
    case .string(let text): TemplateItems(text.unicodeScalars.map { .string(String($0)) })
    case .map(let map): TemplateItems(map.members.map(\.key))
    case .undefined: TemplateItems([])
    default: nil
    }
  }

  /// Python's `len`.
  var count: Int? {
    switch self {
    case .list(let items), .tuple(let items), .lazy(let items, .range), .lazy(let items, .view): items.values.count
    case .string(let text): text.unicodeScalars.count
    case .map(let map): map.members.count
    case .undefined: 0
    default: nil
    }
  }
}
