public import Diagnostics

/// What can be wrong with a dataset, a task's name, or a request for puzzles.
public enum TaskError: Diagnostic {
  /// A file or folder could not be read.
  case unreadable(path: String, reason: String)
  /// A file or folder could not be written.
  case unwritable(path: String, reason: String)
  /// The output folder holds files already.
  case outputInUse(path: String)
  /// A dataset is not UTF-8 text.
  case notUTF8(path: String, line: Int)
  /// A record is not valid JSON.
  case syntax(problem: String, path: String, line: Int, column: Int)
  /// One object of a record names a member twice.
  case duplicateKey(key: String, path: String, line: Int)
  /// A dataset holds no record.
  case emptyDataset(path: String)
  /// A record lacks a field; `found` are the names it has.
  case missingField(expected: String, found: [String], nearest: String?, source: String)
  /// A field is of another kind than expected.
  case wrongKind(field: String, expected: String, got: String, source: String)
  /// A field that must hold something is empty.
  case emptyField(field: String, source: String)
  /// A record says in two ways what is to be learned.
  case conflictingFields(fields: [String], source: String)
  /// A field's text is not of the form that the task needs.
  case malformedField(field: String, expected: String, got: String, source: String)
  /// More records are asked for than there are.
  case limitTooLarge(limit: Int, available: Int, path: String)
  /// A count that must be larger.
  case countTooSmall(name: String, count: Int, minimum: Int)
  /// No further puzzle of this composition could be made without repeating a text.
  case puzzlesExhausted(composition: String, made: Int)
  /// A puzzle whose story does not determine its answer: a fault of the templates or rules, never of the user.
  case undeterminedPuzzle(story: String, answer: String, graph: String, rules: String)
  /// No task has this name.
  case unknownTask(name: String, known: [String])

  public var problem: String {
    switch self {
    case .unreadable(_, let reason): "cannot read: \(reason)"
    case .unwritable(_, let reason): "cannot write: \(reason)"
    case .outputInUse: "the output folder is not empty"
    case .notUTF8: "the text is not valid UTF-8"
    case .syntax(let problem, _, _, _): "not valid JSON: \(problem)"
    case .duplicateKey(let key, _, _): "the key '\(key)' stands twice in one object"
    case .emptyDataset: "the dataset is empty: expected at least one record"
    case .missingField(let expected, let found, _, _):
      "a record needs \(expected), got "
        + (found.isEmpty ? "no fields" : found.map { "'\($0)'" }.joined(separator: ", "))
    case .wrongKind(let field, let expected, let got, _): "'\(field)' must be \(expected), got \(got)"
    case .emptyField(let field, _): "'\(field)' is empty"
    case .conflictingFields(let fields, _):
      "a record may have only one of " + fields.map { "'\($0)'" }.joined(separator: ", ")
    case .malformedField(let field, let expected, let got, _): "'\(field)' must be \(expected), got '\(got)'"
    case .limitTooLarge(let limit, let available, _): "\(limit) records asked for, but there are \(available)"
    case .countTooSmall(let name, let count, let minimum): "\(name) must be at least \(minimum), got \(count)"
    case .puzzlesExhausted(let composition, let made):
      "no new puzzle of '\(composition)' can be made after \(made) of them"
    case .undeterminedPuzzle(_, let answer, let graph, let rules):
      "a puzzle does not determine its answer '\(answer)': the family graph says \(graph), the rules say \(rules)"
    case .unknownTask(let name, _): "there is no task '\(name)'"
    }
  }

  public var location: String {
    switch self {
    case .unreadable(let path, _), .unwritable(let path, _), .outputInUse(let path), .emptyDataset(let path),
      .limitTooLarge(_, _, let path):
      path
    case .notUTF8(let path, let line), .duplicateKey(_, let path, let line): "\(path), line \(line)"
    case .syntax(_, let path, let line, let column): "\(path), line \(line), column \(column)"
    case .missingField(_, _, _, let source), .wrongKind(_, _, _, let source), .emptyField(_, let source),
      .conflictingFields(_, let source), .malformedField(_, _, _, let source):
      source
    case .undeterminedPuzzle(let story, _, _, _): story
    case .countTooSmall, .puzzlesExhausted, .unknownTask: ""
    }
  }

  public var remedy: String? {
    switch self {
    case .unreadable: "check that the path exists and that you may read it"
    case .unwritable: "check that the folder exists, that you may write there, and that the disk has room"
    case .outputInUse: "choose another folder, or pass --overwrite to replace the files"
    case .notUTF8: "save the file as UTF-8"
    case .syntax: "write one whole JSON object a line, or one JSON array of objects"
    case .duplicateKey: "keep one of the two"
    case .emptyDataset: "a record is {\"prompt\": …, \"response\": …}, {\"messages\": […]} or {\"text\": …}, one a line"
    case .missingField(_, _, let nearest, _): nearest.map { "there is a field '\($0)': was that meant?" }
    case .wrongKind: nil
    case .emptyField: "give it a value or remove the record"
    case .conflictingFields: "keep one of them"
    case .malformedField: nil
    case .limitTooLarge(_, let available, _): "ask for at most \(available)"
    case .countTooSmall: nil
    case .puzzlesExhausted: "ask for fewer examples"
    case .undeterminedPuzzle: "report this: the generator's rules and its family graph disagree"
    case .unknownTask(let name, let known): NearestName.remedy(for: name, among: known)
    }
  }
}
