import JSON
import Yams

extension RecipeNode {
  /// Parses one YAML document; an empty one is an empty map.
  ///
  /// - Parameter place: what a position is called in errors, given the line counted from one.
  init(yaml: String, place: (_ line: Int?) -> String) throws(RecipeError) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw Self.syntax(error, place)
    } catch {
      throw .syntax(problem: "\(error)", place: place(nil))
    }
    guard let root else {
      self.init(kind: .map([]), place: place(nil))
      return
    }
    self = try Self(root, place)
  }

  private init(_ node: Node, _ place: (Int?) -> String) throws(RecipeError) {
    let here = place(node.mark?.line)
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      self.init(kind: .scalar(isPlain ? Self.meaning(of: scalar.string) : .string(scalar.string)), place: here)
    case .sequence(let sequence):
      var items: [RecipeNode] = []
      for item in sequence { items.append(try Self(item, place)) }
      self.init(kind: .list(items), place: here)
    case .mapping(let mapping):
      var members: [(key: String, value: RecipeNode)] = []
      for (key, value) in mapping {
        guard let name = key.scalar?.string else {
          throw .syntax(problem: "a key must be a word", place: place(key.mark?.line))
        }
        var member = try Self(value, place)
        // A nested block begins below its key; errors about it are easier found at the key.
        if case .scalar = member.kind {} else { member = RecipeNode(kind: member.kind, place: place(key.mark?.line)) }
        members.append((name, member))
      }
      self.init(kind: .map(members), place: here)
    case .alias:
      throw .syntax(problem: "an alias refers to an anchor that does not exist", place: here)
    }
  }

  private static func syntax(_ error: YamlError, _ place: (Int?) -> String) -> RecipeError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      .syntax(problem: problem, place: place(mark.line))
    case .duplicatedKeysInMapping(let duplicates, let context):
      .syntax(
        problem: "the key '\(duplicates.sorted().joined(separator: "', '"))' stands twice in one section",
        place: place(context.mark.line))
    case .reader(let problem, _, _, _): .syntax(problem: problem, place: place(nil))
    default: .syntax(problem: error.description, place: place(nil))
    }
  }
}

extension RecipeNode {
  /// The value as YAML: sections as blocks, lists on one line.
  static func yaml(_ value: JSONValue) throws(RecipeError) -> String {
    do {
      return try Yams.serialize(node: node(value), allowUnicode: true)
    } catch {
      throw .syntax(problem: "\(error)", place: "")
    }
  }

  private static func node(_ value: JSONValue) -> Node {
    switch value {
    case .null: Node("null", .implicit, .plain)
    case .bool(let value): Node(value ? "true" : "false", .implicit, .plain)
    case .integer(let value): Node(String(value), .implicit, .plain)
    case .number(let value): Node(String(value), .implicit, .plain)
    case .string(let text):
      // Text that would read back as another kind is quoted; the emitter quotes what plain style cannot hold.
      Node(text, .implicit, meaning(of: text) == .string(text) ? .any : .doubleQuoted)
    case .array(let items): .sequence(Node.Sequence(items.map(node), .implicit, .flow))
    case .object(let object):
      .mapping(
        Node.Mapping(
          object.map { (node(.string($0.key)), node($0.value)) }, .implicit, object.count == 0 ? .flow : .block))
    }
  }
}
