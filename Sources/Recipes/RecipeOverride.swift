import JSON

/// One `--set training.learning_rate=1e-3`: a path of keys and a YAML value.
struct RecipeOverride: Sendable {
  let keys: [String]
  let value: RecipeNode
  let place: String

  /// - Parameter text: what stands after `--set`.
  init(_ text: String) throws(RecipeError) {
    let place = "--set \(text)"
    self.place = place
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let keys = parts[0].split(separator: ".", omittingEmptySubsequences: false)
      .map { String($0.drop(while: \.isWhitespace)) }
    guard parts.count == 2, keys.allSatisfy({ !$0.isEmpty }) else {
      throw .syntax(problem: "expected section.key=value, got '\(text)'", place: place)
    }
    self.keys = keys
    let yaml = String(parts[1])
    value =
      yaml.allSatisfy(\.isWhitespace)
      ? RecipeNode(kind: .scalar(.null), place: place) : try RecipeNode(yaml: yaml) { _ in place }
  }

  /// The recipe with this field set, in place where it was there, at the end of its section where it was not.
  func applied(to root: RecipeNode) throws(RecipeError) -> RecipeNode {
    try set(keys[...], in: root)
  }

  private func set(_ keys: ArraySlice<String>, in node: RecipeNode) throws(RecipeError) -> RecipeNode {
    guard let key = keys.first else { return value }
    var members: [(key: String, value: RecipeNode)]
    switch node.kind {
    case .map(let found): members = found
    case .scalar(.null): members = []
    case .scalar, .list:
      let path = self.keys.dropLast(keys.count).joined(separator: ".")
      throw .wrongKind(key: path, expected: "a section", got: node.json.described, place: node.place)
    }
    let empty = RecipeNode(kind: .map([]), place: place)
    if let i = members.firstIndex(where: { $0.key == key }) {
      members[i].value = try set(keys.dropFirst(), in: members[i].value)
    } else {
      members.append((key, try set(keys.dropFirst(), in: empty)))
    }
    return RecipeNode(kind: .map(members), place: node.place)
  }
}

extension JSONValue {
  /// The value as an error message shows it: short ones by themselves, others by their kind.
  var described: String {
    switch self {
    case .string(let text): "the text '\(text.count > 40 ? text.prefix(40) + "…" : text[...])'"
    case .integer, .number, .bool: text
    case .null: "nothing"
    case .array: "a list"
    case .object: "a section"
    }
  }
}
