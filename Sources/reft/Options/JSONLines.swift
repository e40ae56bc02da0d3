import Diagnostics
import Foundation
import JSON

/// Reads a JSONL input line by line, `-` for standard input; every record knows its line.
struct JSONLines {
  private let path: String

  init(_ path: String) { self.path = path }

  /// What the input is called in errors.
  var name: String { path == "-" ? "standard input" : path }

  /// All records; blank lines are passed over.
  ///
  /// - Throws: ``InputError`` or the error of the line that is not an object.
  func records() throws -> [JSONReader] {
    guard
      let data = path == "-"
        ? try FileHandle.standardInput.readToEnd() ?? Foundation.Data() : FileManager.default.contents(atPath: path)
    else { throw InputError.unreadable(path: path) }
    var records: [JSONReader] = []
    for (i, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
    where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
      let place = "\(name), line \(i + 1)"
      records.append(try JSONReader(parsed(line, number: i + 1), source: place))
    }
    guard !records.isEmpty else { throw InputError.empty(path: name) }
    return records
  }

  /// The value of one line; where it is broken, the error has the line of the file.
  private func parsed(_ line: Foundation.Data, number: Int) throws(JSONError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: line, source: name)
    } catch {
      switch error {
      case .syntax(let problem, _, _, let column):
        throw .syntax(problem: problem, source: name, line: number, column: column)
      case .duplicateKey(let key, _, _): throw .duplicateKey(key: key, source: name, line: number)
      case .missing, .type, .unknown: throw error
      }
    }
  }
}

/// What can be wrong with an input of the command itself.
enum InputError: Diagnostic {
  case unreadable(path: String)
  case unwritable(path: String)
  case empty(path: String)
  case usage(problem: String, remedy: String)

  var problem: String {
    switch self {
    case .unreadable: "the input cannot be read"
    case .unwritable: "the place cannot be written to"
    case .empty: "the input holds no record"
    case .usage(let problem, _): problem
    }
  }
  var location: String {
    switch self {
    case .unreadable(let path), .unwritable(let path), .empty(let path): path
    case .usage: "command line"
    }
  }
  var remedy: String? {
    switch self {
    case .unreadable: "check that the file exists and that you may read it; - is standard input"
    case .unwritable: "check that it is not taken by a file, that you may write there, and that the disk has room"
    case .empty: "write one JSON object a line"
    case .usage(_, let remedy): remedy
    }
  }
}
