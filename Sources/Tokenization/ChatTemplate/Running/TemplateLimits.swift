/// What a template may use up. A template comes with a model from anywhere, and must not hang or crash who opens it.
///
/// Published templates use thousandths of these.
struct TemplateLimits: Sendable {
  /// Expressions computed and statements run, and with less weight items and bytes.
  var steps = 20_000_000
  /// Bytes of one text, and of what is rendered.
  var text = 1 << 26

  /// Levels of statements and of expressions in the source, and of lists in lists in a value.
  static let nesting = 100
  /// Levels of statements, expressions and macros that are being computed.
  static let calls = 400
  /// Numbers in a `range`, as in Jinja's sandbox.
  static let range = 100_000
}
