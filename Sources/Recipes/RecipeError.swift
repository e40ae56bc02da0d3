public import Diagnostics

/// What can be wrong with a recipe or with an override of one of its fields.
///
/// A `place` is `recipe.yaml, line 7` or `--set training.epochs=x`.
public enum RecipeError: Diagnostic {
  /// The file could not be read.
  case unreadable(path: String, reason: String)
  /// The text is not YAML, or YAML with parts that a recipe has no use for.
  case syntax(problem: String, place: String)
  /// A key that no recipe has; `suggestion` is the full path of the one that was probably meant.
  case unknownKey(key: String, suggestion: String?, valid: [String], place: String)
  /// A key that must be there is not.
  case missing(key: String, expected: String, place: String)
  /// A value of another kind than expected.
  case wrongKind(key: String, expected: String, got: String, place: String)
  /// A value of the right kind that is out of range or not among the choices.
  case outOfRange(key: String, expected: String, got: String, suggestion: String?, place: String)
  /// Two values that do not go together.
  case conflict(problem: String, remedy: String, place: String)

  public var problem: String {
    switch self {
    case .unreadable(_, let reason): "cannot read the recipe: \(reason)"
    case .syntax(let problem, _): "not a valid recipe: \(problem)"
    case .unknownKey(let key, _, _, _): "there is no key '\(key)' in a recipe"
    case .missing(let key, let expected, _): "'\(key)' is missing: expected \(expected)"
    case .wrongKind(let key, let expected, let got, _): "'\(key)' must be \(expected), got \(got)"
    case .outOfRange(let key, let expected, let got, _, _): "'\(key)' must be \(expected), got \(got)"
    case .conflict(let problem, _, _): problem
    }
  }

  public var location: String {
    switch self {
    case .unreadable(let path, _): path
    case .syntax(_, let place), .unknownKey(_, _, _, let place), .missing(_, _, let place),
      .wrongKind(_, _, _, let place),
      .outOfRange(_, _, _, _, let place), .conflict(_, _, let place):
      place
    }
  }

  public var remedy: String? {
    switch self {
    case .unreadable: "check that the path exists and that you may read it"
    case .syntax: "mend the text at that place"
    case .unknownKey(_, let suggestion, let valid, _):
      (suggestion.map { "did you mean '\($0)'? " } ?? "") + "The valid keys here are: " + valid.joined(separator: ", ")
    case .missing(let key, _, _): "add it to the recipe, or pass --set \(key)=…"
    case .wrongKind(_, let expected, let got, _):
      expected.hasPrefix("text") && !["nothing", "a list", "a section"].contains(got) ? "put it in quotes" : nil
    case .outOfRange(_, _, _, let suggestion, _): suggestion.map { "did you mean '\($0)'?" }
    case .conflict(_, let remedy, _): remedy
    }
  }
}
