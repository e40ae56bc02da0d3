import Foundation

/// The text of a UTF-8 file.
public func readText(_ path: String) throws -> String {
  try String(contentsOfFile: path, encoding: .utf8)
}
