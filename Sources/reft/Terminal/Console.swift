import Diagnostics
import Foundation
import JSON

/// Where words go: results to standard output, everything else to standard error.
enum Console {
  /// A result.
  static func print(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: .standardOutput)
  }

  /// A result for programs, on one line.
  static func print(_ value: JSONValue) { print(value.text) }

  /// Facts for people, one a line, their values in one column.
  static func printFacts(_ facts: JSONObject) {
    let width = facts.keys.map(\.count).max() ?? 0
    for (key, value) in facts {
      print(key + String(repeating: " ", count: width + 2 - key.count) + (value.string ?? value.text))
    }
  }

  /// What a person may want to know and a program does not.
  static func note(_ text: String) { write(text + "\n", to: .standardError) }

  /// An error, the same everywhere.
  static func report(_ error: any Diagnostic) { note("error: " + error.description) }

  static var errorIsTerminal: Bool { isatty(2) == 1 }

  static func writeError(_ text: String) { write(text, to: .standardError) }

  private static func write(_ text: String, to file: FileHandle) {
    // A reader that has gone away (`reft ... | head`) ends the program quietly, as other tools do.
    do { try file.write(contentsOf: Foundation.Data(text.utf8)) } catch { exit(141) }
  }
}
