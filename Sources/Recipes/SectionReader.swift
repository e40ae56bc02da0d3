import Diagnostics
import JSON

/// Reads the keys of one section, collecting what is wrong instead of stopping at the first.
struct SectionReader {
  /// The section's name; empty for the whole recipe.
  let name: String
  private let members: [(key: String, value: RecipeNode)]
  private let place: String
  private let isSection: Bool
  private var read: [String] = []
  private(set) var problems: [RecipeError] = []

  /// - Parameter node: nil where the section is missing: then every key is.
  init(_ name: String, _ node: RecipeNode?, otherwise place: String) {
    self.name = name
    self.place = node?.place ?? place
    switch node?.kind {
    case .map(let found): (members, isSection) = (found, true)
    case nil, .scalar(.null): (members, isSection) = ([], true)
    case .scalar, .list:
      (members, isSection) = ([], false)
      problems.append(
        .wrongKind(
          key: name.isEmpty ? "(recipe)" : name, expected: "a section of keys", got: node?.json.described ?? "nothing",
          place: self.place))
    }
  }

  func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

  mutating func node(_ key: String) -> RecipeNode? {
    read.append(key)
    return members.first { $0.key == key }?.value
  }

  /// The members that have not been read, and from now on count as read.
  mutating func rest() -> [(key: String, value: RecipeNode)] {
    let rest = members.filter { !read.contains($0.key) }
    read += rest.map(\.key)
    return rest
  }

  /// Where a key stands, or the section where it does not.
  func place(of key: String) -> String { members.first { $0.key == key }?.value.place ?? place }

  mutating func report(_ problem: RecipeError) { problems.append(problem) }

  /// A value that must be there; `fallback` stands in for it after the error was noted, for the reading to go on.
  mutating func required<T>(_ key: String, _ kind: ValueKind<T>, fallback: T) -> T {
    guard let node = node(key), !node.isNull else {
      // One error for a section of the wrong kind is enough.
      if isSection { problems.append(.missing(key: path(key), expected: kind.expected, place: place)) }
      return fallback
    }
    return convert(node, key, kind) ?? fallback
  }

  /// A value with a default.
  mutating func value<T>(_ key: String, _ kind: ValueKind<T>, default standard: T) -> T {
    guard let node = node(key) else { return standard }
    return convert(node, key, kind) ?? standard
  }

  /// A value that may be switched off by null.
  mutating func optional<T>(_ key: String, _ kind: ValueKind<T>, default standard: T? = nil) -> T? {
    guard let node = node(key) else { return standard }
    return node.isNull ? nil : convert(node, key, kind)
  }

  private mutating func convert<T>(_ node: RecipeNode, _ key: String, _ kind: ValueKind<T>) -> T? {
    switch kind.convert(node.json) {
    case .value(let value): return value
    case .wrongKind:
      problems.append(
        .wrongKind(key: path(key), expected: kind.expected, got: node.json.described, place: node.place))
    case .outOfRange(let suggestion):
      problems.append(
        .outOfRange(
          key: path(key), expected: kind.expected, got: node.json.described, suggestion: suggestion, place: node.place))
    }
    return nil
  }

  /// Everything that was wrong, keys that nobody read included.
  ///
  /// - Parameter elsewhere: the paths of all keys of a recipe, to recognise one that stands in the wrong section.
  func finished(elsewhere: [String] = []) -> [RecipeError] {
    problems
      + members.filter { !read.contains($0.key) }.map { key, value in
        let wanted = key.lowercased().filter { $0.isLetter || $0.isNumber }
        let moved = elsewhere.first {
          $0.split(separator: ".").last?.filter { $0.isLetter || $0.isNumber } ?? "" == wanted
        }
        let near = NearestName.closest(to: key, in: read).map(path)
        return .unknownKey(key: path(key), suggestion: moved ?? near, valid: read.map(path), place: value.place)
      }
  }
}
