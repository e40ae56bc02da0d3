/// An error that a person can act on: what was wrong, where, and how to mend it.
///
/// Every error type of the project conforms, so that the command, the library and tests render and compare them alike.
public protocol Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was wrong: what was expected and what was found.
  var problem: String { get }
  /// Where: a file and key, a layer and component, a flag, a line of a dataset.
  var location: String { get }
  /// What to do next, when there is something to do.
  var remedy: String? { get }
}

extension Diagnostic {
  /// `problem (location)`, then `fix: remedy` on a line of its own.
  public var description: String {
    let first = location.isEmpty ? problem : "\(problem) (\(location))"
    guard let remedy else { return first }
    return first + "\nfix: " + remedy
  }
}
