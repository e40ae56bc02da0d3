import Foundation
import JSON
import Testing

/// How a run of the command ended, and what it said.
struct Outcome {
  /// The exit code; `nil` where a signal ended it.
  let code: Int32?
  /// Standard output.
  let output: String
  /// Standard error.
  let errors: String

  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// Standard output as one JSON document.
  func json() throws -> JSONValue { try JSONValue(parsing: output, source: "standard output") }

  /// Standard output as JSON lines.
  func jsonLines() throws -> [JSONValue] { try lines.map { try JSONValue(parsing: $0, source: "standard output") } }

  /// The outcome, which must be a success.
  @discardableResult
  func succeeded(sourceLocation: SourceLocation = #_sourceLocation) throws -> Outcome {
    try #require(code == 0, "exit code \(code.map(String.init) ?? "none")\n\(errors)", sourceLocation: sourceLocation)
    #expect(!errors.contains("error:"), sourceLocation: sourceLocation)
    return self
  }
}

extension Workplace {
  /// Runs the command with bad input: it must say in one error what is wrong, where, and how to mend it, print no result,
  /// and leave every file as it was.
  ///
  /// - Parameter words: what the message must hold: the problem, the place, the remedy.
  @discardableResult
  func refuses(
    _ arguments: [String], input: String? = nil, saying words: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let before = try contents()
    let outcome = try reft(arguments, input: input)
    let message = outcome.errors
    let code = try #require(outcome.code, "a signal ended it\n\(message)", sourceLocation: sourceLocation)
    #expect(code != 0, sourceLocation: sourceLocation)
    #expect(outcome.output == "", sourceLocation: sourceLocation)
    #expect(
      message.lowercased().components(separatedBy: "error:").count == 2, "\(message)", sourceLocation: sourceLocation)
    for word in words { #expect(message.contains(word), "'\(word)' in: \(message)", sourceLocation: sourceLocation) }
    for sign in ["Fatal error", "Stack dump", "Exception raised from", ".swift:", ".cpp:"] {
      #expect(!message.contains(sign), "\(message)", sourceLocation: sourceLocation)
    }
    #expect(try contents() == before, "files were written", sourceLocation: sourceLocation)
    return outcome
  }
}
