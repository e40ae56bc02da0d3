/// A place in a template, both counted from 1.
struct TemplatePlace: Sendable, Equatable {
  var line: Int
  var column: Int
}

/// A word of a template.
struct TemplateToken: Sendable {
  enum Kind: Sendable, Equatable {
    /// Text outside of tags.
    case text(String)
    /// `{{` and `}}`
    case printBegin, printEnd
    /// `{%` and `%}`
    case blockBegin, blockEnd
    case name(String)
    case string(String)
    case integer(Int)
    case number(Double)
    case symbol(String)
    case end
  }

  let kind: Kind
  let place: TemplatePlace

  /// The token as an error shows it.
  var shown: String {
    switch kind {
    case .text: "text"
    case .printBegin: "'{{'"
    case .printEnd: "'}}'"
    case .blockBegin: "'{%'"
    case .blockEnd: "'%}'"
    case .name(let name): "'\(name)'"
    case .string: "a string"
    case .integer(let value): "'\(value)'"
    case .number(let value): "'\(value)'"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the template"
    }
  }
}
