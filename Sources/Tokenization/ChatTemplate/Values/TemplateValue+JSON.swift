import JSON

extension TemplateValue {
  /// A value of a conversation. Nesting is bounded by whoever renders.
  init(_ value: JSONValue) {
    switch value {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .array(let items): self = .list(items.map(TemplateValue.init))
    case .object(let object): self = .map(TemplateMap(unique: object.map { ($0.key, TemplateValue($0.value)) }))
    }
  }
}
