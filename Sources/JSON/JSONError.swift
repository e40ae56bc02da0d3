public import Diagnostics

/// What can be wrong with a JSON text or with what was expected in it.
public enum JSONError: Diagnostic {
  /// The text is not JSON.
  case syntax(problem: String, source: String, line: Int, column: Int)
  /// One object names a member twice.
  case duplicateKey(key: String, source: String, line: Int)
  /// A member that must be there is not.
  case missing(key: String, source: String, nearest: String?)
  /// A member is of another kind than expected.
  case type(key: String, expected: String, got: String, source: String)
  /// A member that nobody reads.
  case unknown(key: String, source: String, valid: [String])

  public var problem: String {
    switch self {
    case .syntax(let problem, _, _, _): "not valid JSON: \(problem)"
    case .duplicateKey(let key, _, _): "the key '\(key)' stands twice in one object"
    case .missing(let key, _, _): "the key '\(key)' is missing"
    case .type(let key, let expected, let got, _): "'\(key)' must be \(expected), got \(got)"
    case .unknown(let key, _, _): "unknown key '\(key)'"
    }
  }

  public var location: String {
    switch self {
    case .syntax(_, let source, let line, let column): "\(source), line \(line), column \(column)"
    case .duplicateKey(_, let source, let line): "\(source), line \(line)"
    case .missing(_, let source, _), .type(_, _, _, let source), .unknown(_, let source, _): source
    }
  }

  public var remedy: String? {
    switch self {
    case .syntax: "mend the text at that place"
    case .duplicateKey: "keep one of the two"
    case .missing(_, _, let nearest): nearest.map { "there is a key '\($0)': was that meant?" }
    case .type: nil
    case .unknown(let key, _, let valid): NearestName.remedy(for: key, among: valid)
    }
  }
}
