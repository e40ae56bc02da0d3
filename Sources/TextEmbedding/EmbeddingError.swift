public import Diagnostics

/// What can be wrong with texts to embed, or with what a model says of how to embed them.
public enum EmbeddingError: Diagnostic {
  /// A text has more tokens than the model reads.
  case tooLong(place: String, tokens: Int, limit: Int)
  /// A text has no token at all.
  case emptyText(place: String)
  /// The tokenizer gave an id that the model has no row for.
  case unknownToken(id: Int, vocabulary: Int, place: String)
  /// The hidden states hold NaN or infinity.
  case notFinite(place: String)
  /// A module of a sentence-transformers model that is not computed here.
  case unsupportedModule(type: String, source: String, supported: [String])
  /// Not exactly one pooling mode, or one that is not computed here.
  case unsupportedPooling(modes: [String], source: String, supported: [String])

  public var problem: String {
    switch self {
    case .tooLong(_, let tokens, let limit): "the text has \(tokens) tokens, the model reads at most \(limit)"
    case .emptyText: "the text has no token"
    case .unknownToken(let id, let vocabulary, _): "token \(id) is not in the model's vocabulary of \(vocabulary)"
    case .notFinite: "the model computed NaN or infinity"
    case .unsupportedModule(let type, _, _): "the module '\(type)' is not supported"
    case .unsupportedPooling(let modes, _, _):
      modes.isEmpty
        ? "no pooling mode is switched on" : "pooling by \(modes.joined(separator: " and ")) is not supported"
    }
  }

  public var location: String {
    switch self {
    case .tooLong(let place, _, _), .emptyText(let place), .unknownToken(_, _, let place), .notFinite(let place): place
    case .unsupportedModule(_, let source, _), .unsupportedPooling(_, let source, _): source
    }
  }

  public var remedy: String? {
    switch self {
    case .tooLong: "split the text, or pass --truncate to have its end left out"
    case .emptyText: "leave the line out"
    case .unknownToken: "check that the tokenizer belongs to the model"
    case .notFinite: "check the adapter and the weights: training may have diverged"
    case .unsupportedModule(_, _, let supported): "supported: \(supported.joined(separator: ", "))"
    case .unsupportedPooling(_, _, let supported): "supported, one at a time: \(supported.joined(separator: ", "))"
    }
  }
}
