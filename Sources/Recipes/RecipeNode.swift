import JSON

/// A YAML value with the place where it stands, so that an error can name it.
struct RecipeNode: Sendable {
  enum Kind: Sendable {
    case scalar(JSONValue)
    case list([RecipeNode])
    case map([(key: String, value: RecipeNode)])
  }

  var kind: Kind
  /// `recipe.yaml, line 7` or `--set training.epochs=5`.
  let place: String

  /// The value without its places.
  var json: JSONValue {
    switch kind {
    case .scalar(let value): return value
    case .list(let items): return .array(items.map(\.json))
    case .map(let members):
      var object = JSONObject()
      for (key, value) in members { object[key] = value.json }
      return .object(object)
    }
  }

  var isNull: Bool { json.isNull }
}

extension RecipeNode {
  /// What the plain text of a YAML scalar means, by the core schema of YAML 1.2.2 (section 10.3.2) without its octal and
  /// hexadecimal numbers: `yes` and `off` are text, and `1e-3` is a number.
  static func meaning(of plain: String) -> JSONValue {
    switch plain {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    let number = plain.wholeMatch(of: /[-+]?(?:[0-9]+(?<fraction>\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/)
    guard number != nil else { return .string(plain) }
    let digits = plain.drop { $0 == "+" }
    if let whole = Int(digits) { return .integer(whole) }
    guard let value = Double(digits.hasSuffix(".") ? digits + "0" : digits[...]), value.isFinite else {
      return .string(plain)
    }
    return .number(value)
  }
}
