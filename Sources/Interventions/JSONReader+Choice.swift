import Diagnostics
import JSON

extension JSONReader {
  /// A word out of a fixed set; the nearest word is named when it is none of them.
  func choice<T: RawRepresentable & CaseIterable>(_ key: String, default standard: T) throws -> T
  where T.RawValue == String {
    guard let word = try string(ifPresent: key) else { return standard }
    guard let value = T(rawValue: word) else {
      let valid = T.allCases.map(\.rawValue)
      throw JSONError.type(
        key: key, expected: "one of \(valid.joined(separator: ", "))",
        got: "'\(word)'" + (NearestName.closest(to: word, in: valid).map { " (did you mean '\($0)'?)" } ?? ""),
        source: source)
    }
    return value
  }
}
