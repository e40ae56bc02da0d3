/// A mapping with its members in the order in which they came.
struct TemplateMap: Sendable {
  private(set) var members: [(key: TemplateValue, value: TemplateValue)] = []
  private(set) var depth = 1

  init() {}

  /// - Precondition: no key stands twice.
  init(unique members: [(key: String, value: TemplateValue)]) {
    self.members = members.map { (.string($0.key), $0.value) }
    depth = 1 + (members.lazy.map(\.value.depth).max() ?? 0)
  }

  /// Reads a member, or replaces it in its place, or adds it at the end.
  subscript(key: TemplateValue) -> TemplateValue? {
    get { members.first { Self.isSame($0.key, key) }?.value }
    set {
      guard let newValue else { return }
      depth = max(depth, newValue.depth + 1)
      if let index = members.firstIndex(where: { Self.isSame($0.key, key) }) {
        members[index].value = newValue
      } else {
        members.append((key, newValue))
      }
    }
  }

  subscript(name: String) -> TemplateValue? {
    get { self[.string(name)] }
    set { self[.string(name)] = newValue }
  }

  /// The members as pairs.
  var pairs: [TemplateValue] { members.map { .tuple([$0.key, $0.value]) } }

  /// Whether a value can be a key: those that cannot change, of which lists of them are left out.
  static func canBeKey(_ value: TemplateValue) -> Bool {
    switch value {
    case .none, .bool, .integer, .number, .string: true
    default: false
    }
  }

  /// Strings are compared by their bytes, numbers and booleans as in Python.
  private static func isSame(_ a: TemplateValue, _ b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.none, .none): true
    default: a.double.map { $0 == b.double } ?? false
    }
  }
}
