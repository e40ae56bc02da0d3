extension JSONValue {
  /// The document on one line, keys in their order, non-ASCII characters as they are.
  ///
  /// Numbers print in the shortest form that reads back as the same value; a number that is not finite prints as `null`,
  /// for JSON has no word for it.
  public var text: String {
    var out = ""
    write(to: &out, indent: nil)
    return out
  }

  /// The document over several lines, two spaces a level, with a newline at the end; for files that people read.
  public var prettyText: String {
    var out = ""
    write(to: &out, indent: 0)
    return out + "\n"
  }

  private func write(to out: inout String, indent: Int?) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .integer(let value): out += String(value)
    case .number(let value): out += value.isFinite ? String(value) : "null"
    case .string(let value): Self.quote(value, to: &out)
    case .array(let items):
      // Arrays of plain values stay on one line even in pretty text: shapes, head pairs, layer lists.
      let flat = items.allSatisfy { $0.array?.isEmpty ?? true && $0.object == nil }
      Self.list(items, "[", "]", indent: flat ? nil : indent, to: &out) { item, inner, out in
        item.write(to: &out, indent: inner)
      }
    case .object(let object):
      Self.list(Array(object), "{", "}", indent: indent, to: &out) { member, inner, out in
        Self.quote(member.key, to: &out)
        out += indent == nil ? ":" : ": "
        member.value.write(to: &out, indent: inner)
      }
    }
  }

  private static func list<Item>(
    _ items: [Item], _ open: String, _ close: String, indent: Int?, to out: inout String,
    _ write: (Item, Int?, inout String) -> Void
  ) {
    out += open
    let inner = indent.map { $0 + 1 }
    for (i, item) in items.enumerated() {
      if i > 0 { out += inner == nil ? "," : "," }
      if let inner { out += "\n" + String(repeating: "  ", count: inner) }
      write(item, inner, &out)
    }
    if let indent, !items.isEmpty { out += "\n" + String(repeating: "  ", count: indent) }
    out += close
  }

  private static func quote(_ string: String, to out: inout String) {
    out += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{0}"..<"\u{20}":
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}
