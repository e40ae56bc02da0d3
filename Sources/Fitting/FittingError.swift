public import Diagnostics

/// Why a direction, a probe or a threshold cannot be fitted.
public enum FittingError: Diagnostic {
  /// A text gives no token.
  case emptyText(source: String)
  /// A text is longer than the model's context.
  case tooLong(tokens: Int, limit: Int, source: String)
  /// Every label is the same, so that there is nothing to tell apart.
  case oneClass(label: Bool, count: Int)
  /// A kind of direction that needs pairs was asked of data without them.
  case needsPairs(kind: String)
  /// There are fewer samples than the fit needs.
  case tooFew(what: String, needed: Int, got: Int)
  /// An activation or a fitted number is not finite.
  case notFinite(what: String)
  /// A number outside its range.
  case setting(key: String, expected: String, got: String)
  /// The fit has no direction: the two classes have one mean, or no sample differs from another.
  case noDirection(kind: String, place: String)
  /// The rows that a contrast needs from a partner are not in the same pass.
  case contrastOutOfStep(sequence: Int, position: Int)

  public var problem: String {
    switch self {
    case .emptyText: "the text gives no token"
    case .tooLong(let tokens, let limit, _): "the text has \(tokens) tokens, and the model reads \(limit)"
    case .oneClass(let label, let count): "all \(count) texts have the label \(label)"
    case .needsPairs(let kind): "'\(kind)' needs pairs of a positive and a negative text"
    case .tooFew(let what, let needed, let got): "\(what): at least \(needed) needed, got \(got)"
    case .notFinite(let what): "\(what) is not finite"
    case .setting(let key, let expected, let got): "'\(key)' must be \(expected), got \(got)"
    case .noDirection(let kind, _): "there is no direction of kind '\(kind)': the samples do not differ"
    case .contrastOutOfStep(let sequence, let position):
      "the positive or negative prompt of sequence \(sequence) has no row for position \(position) in this pass"
    }
  }

  public var location: String {
    switch self {
    case .emptyText(let source), .tooLong(_, _, let source): source
    case .noDirection(_, let place): place
    case .oneClass, .needsPairs, .tooFew: "data"
    case .notFinite: "activations"
    case .setting: "settings"
    case .contrastOutOfStep: "contrast vectors"
    }
  }

  public var remedy: String? {
    switch self {
    case .emptyText: "leave the record out, or give it a text"
    case .tooLong: "cut the text, or use a model with a longer context"
    case .oneClass: "add texts of the other label"
    case .needsPairs: "give records {\"positive\": ..., \"negative\": ...}, or choose mean_difference or probe_weight"
    case .tooFew: "add data"
    case .notFinite: "compute in float32; check the model with reft inspect"
    case .setting, .noDirection: nil
    case .contrastOutOfStep: "read the three prompts in one pass, and then one token of each at a time"
    }
  }
}
