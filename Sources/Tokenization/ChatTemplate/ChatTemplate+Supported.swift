extension ChatTemplate {
  /// One kind of construct with the names that are supported.
  public struct Constructs: Sendable, Equatable {
    /// What is named: "statement", "filter", ...
    public let kind: String
    /// The names, in order.
    public let names: [String]
  }

  /// The subset of Jinja that templates may use; the errors for what lies outside are made from the same lists.
  public static let supported: [Constructs] = [
    Constructs(kind: "statement", names: TemplateParser.statements),
    Constructs(
      kind: "operator",
      names: [
        "+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not", "and",
        "or", "not", "if else", "[a:b:c]",
      ]),
    Constructs(kind: "function", names: TemplateLibrary.functions.keys.sorted()),
    Constructs(kind: "filter", names: TemplateLibrary.filters.keys.sorted()),
    Constructs(kind: "test", names: TemplateLibrary.tests.keys.sorted()),
    Constructs(kind: "method", names: TemplateLibrary.methods.keys.sorted()),
    Constructs(kind: "member of loop", names: TemplateLoopState.members),
  ]
}
