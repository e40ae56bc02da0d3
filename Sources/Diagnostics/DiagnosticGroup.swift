/// Several diagnostics found in one pass, so that a user mends a whole file at once and not error by error.
public struct DiagnosticGroup: Diagnostic {
  /// The diagnostics in the order in which they were found; never empty.
  public let items: [any Diagnostic]

  /// Groups what was found; `nil` when nothing was.
  public init?(_ items: [any Diagnostic]) {
    guard !items.isEmpty else { return nil }
    self.items = items
  }

  public var problem: String {
    items.count == 1 ? items[0].problem : "\(items.count) things are wrong"
  }
  public var location: String { items.count == 1 ? items[0].location : "" }
  public var remedy: String? { items.count == 1 ? items[0].remedy : nil }

  public var description: String {
    if items.count == 1 { return items[0].description }
    return problem + ":\n" + items.map { "- " + $0.description.replacingNewlines(with: "\n  ") }.joined(separator: "\n")
  }

  public static func == (a: DiagnosticGroup, b: DiagnosticGroup) -> Bool { a.description == b.description }
}

extension String {
  fileprivate func replacingNewlines(with separator: String) -> String {
    split(separator: "\n", omittingEmptySubsequences: false).joined(separator: separator)
  }
}
