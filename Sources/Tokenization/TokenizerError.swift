public import Diagnostics
public import JSON

/// What can be wrong with a tokenizer file, a vocabulary from GGUF, or a chat template.
public enum TokenizerError: Diagnostic {
  /// The text is not JSON, or a member is missing or of another kind.
  case document(JSONError)
  /// A stage is of a kind that is not there.
  case unknownType(stage: String, type: String, supported: [String], source: String)
  /// A stage has a setting that is not supported.
  case unsupportedSetting(stage: String, setting: String, value: String, supported: String, source: String)
  /// A stage splits or replaces by a regular expression with a part, from character `position` on, that is wrong or not supported.
  case unsupportedPattern(pattern: String, construct: String, position: Int, source: String)
  /// An entry of the merge list is not a pair of tokens.
  case malformedMerge(index: Int, merge: String, source: String)
  /// A merge, an added token or a template names a token that the vocabulary lacks.
  case tokenNotInVocabulary(token: String, namedBy: String, source: String)
  /// Two different tokens have one id.
  case duplicateID(id: Int, first: String, second: String, source: String)
  /// One token stands twice in a vocabulary.
  case duplicateToken(token: String, first: Int, second: Int, source: String)
  /// An id is negative, or far larger than the number of tokens.
  case idOutOfRange(name: String, id: Int, limit: Int, source: String)
  /// An added token has an empty text.
  case emptyAddedToken(index: Int, source: String)
  /// Two lists of a GGUF vocabulary that must be of one length are not.
  case countsDiffer(first: String, firstCount: Int, second: String, secondCount: Int, source: String)
  /// The compiled replacement rules of SentencePiece are damaged.
  case malformedCharsMap(problem: String, source: String)
  /// A pair of texts was given to a tokenizer whose template is for single texts.
  case noPairTemplate(source: String)
  /// The score of a token of a GGUF vocabulary is not a number.
  case scoreIsNotANumber(token: String, id: Int, source: String)
  /// A chat template is wrong, or uses a part of Jinja that is not supported.
  case template(problem: String, line: Int, column: Int, name: String, remedy: String?)
  /// A chat template refused the conversation through `raise_exception`.
  case refusedByTemplate(message: String, line: Int, name: String)

  public var problem: String {
    switch self {
    case .document(let error): error.problem
    case .unknownType(let stage, let type, _, _): "the \(stage) is of type '\(type)', which is not supported"
    case .unsupportedSetting(let stage, let setting, let value, let supported, _):
      "the \(stage) has '\(setting)' = \(value); supported: \(supported)"
    case .unsupportedPattern(let pattern, let construct, let position, _):
      "the pattern \(pattern) has, at character \(position), \(construct), which is not supported"
    case .malformedMerge(let index, let merge, _): "merge \(index) is not two tokens: \(merge)"
    case .tokenNotInVocabulary(let token, let namedBy, _): "\(namedBy) names the token '\(token)', which is not there"
    case .duplicateID(let id, let first, let second, _): "the tokens '\(first)' and '\(second)' have the same id \(id)"
    case .duplicateToken(let token, let first, let second, _):
      "the token '\(token)' stands twice, as \(first) and as \(second)"
    case .idOutOfRange(let name, let id, let limit, _):
      limit > 0 ? "\(name) is \(id), expected 0 to \(limit - 1)" : "\(name) is \(id), and the vocabulary has no token"
    case .emptyAddedToken(let index, _): "added token \(index) has an empty text"
    case .countsDiffer(let first, let firstCount, let second, let secondCount, _):
      "there are \(firstCount) \(first) and \(secondCount) \(second), expected as many of one as of the other"
    case .malformedCharsMap(let problem, _): "'precompiled_charsmap' is damaged: \(problem)"
    case .noPairTemplate: "the post-processor has no template for a pair of texts"
    case .scoreIsNotANumber(let token, let id, _): "the score of token \(id), '\(token)', is not a number"
    case .template(let problem, _, _, _, _): problem
    case .refusedByTemplate(let message, _, _): "the chat template refused the conversation: \(message)"
    }
  }

  public var location: String {
    switch self {
    case .document(let error): error.location
    case .unknownType(_, _, _, let source), .unsupportedSetting(_, _, _, _, let source),
      .unsupportedPattern(_, _, _, let source), .malformedMerge(_, _, let source),
      .tokenNotInVocabulary(_, _, let source), .duplicateID(_, _, _, let source),
      .duplicateToken(_, _, _, let source), .idOutOfRange(_, _, _, let source), .emptyAddedToken(_, let source),
      .noPairTemplate(let source),
      .malformedCharsMap(_, let source), .countsDiffer(_, _, _, _, let source),
      .scoreIsNotANumber(_, _, let source):
      source
    case .template(_, let line, let column, let name, _): "\(name), line \(line), column \(column)"
    case .refusedByTemplate(_, let line, let name): "\(name), line \(line)"
    }
  }

  public var remedy: String? {
    switch self {
    case .document(let error): error.remedy
    case .unknownType(_, let type, let supported, _): NearestName.remedy(for: type, among: supported)
    case .unsupportedPattern: "supported are: " + PatternParser.supported
    case .malformedMerge: "write \"left right\" or [\"left\", \"right\"]"
    case .tokenNotInVocabulary: "take vocabulary and merges from the same tokenizer"
    case .duplicateID, .duplicateToken: "keep one of the two"
    case .countsDiffer, .idOutOfRange, .malformedCharsMap, .scoreIsNotANumber:
      "the file is damaged or was converted wrongly: fetch or convert it again"
    case .noPairTemplate: "give the two texts as one, or take a tokenizer whose 'pair' holds A and B"
    case .template(_, _, _, _, let remedy): remedy
    case .unsupportedSetting, .emptyAddedToken, .refusedByTemplate: nil
    }
  }
}
