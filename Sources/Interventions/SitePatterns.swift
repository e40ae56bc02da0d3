import JSON
import LanguageModels

/// Values for some sites of an adapter, by patterns: `{"query": 16, "3.query": 4, "0..5.mlp_output": 2}`.
///
/// A pattern is a component, or a location without heads and positions. One that names layers goes before one that does not,
/// whatever their order; two of one kind for one site are an error, and so is one that names no site of the adapter.
public struct SitePatterns<Value: Sendable & Equatable>: Sendable, Equatable {
  private struct Entry: Sendable, Equatable {
    let text: String
    let layers: LayerSelection
    let component: Component
    let value: Value
  }

  private var entries: [Entry] = []

  /// No pattern.
  public init() {}

  /// Reads an object of patterns; absent means none.
  ///
  /// - Parameter value: reads the value of one pattern.
  init(ifPresent key: String, in json: JSONReader, value: (JSONReader, String) throws -> Value) throws {
    guard let patterns = try json.reader(ifPresent: key) else { return }
    for text in patterns.object.keys {
      let location = try Self.location(text)
      entries.append(
        Entry(
          text: text, layers: location.layers, component: location.component, value: try value(patterns, text)))
    }
  }

  private static func location(_ text: String) throws(LocationError) -> Location {
    guard !text.contains("@"), !text.contains("[") else {
      throw .syntax(text: text, part: text, expected: "a component, or layers.component, without heads and positions")
    }
    return try Location(parsing: text.contains(".") ? text : "all.\(text)")
  }

  /// Whether there is no pattern.
  public var isEmpty: Bool { entries.isEmpty }

  /// The patterns as they were read.
  func json(_ value: (Value) -> JSONValue) -> JSONValue {
    var object = JSONObject()
    for entry in entries { object[entry.text] = value(entry.value) }
    return .object(object)
  }

  /// The value for a target, `nil` where no pattern names its site.
  ///
  /// - Parameters:
  ///   - key: what the patterns are called in the settings, for errors.
  ///   - method: whose settings they are, for errors.
  func value(for target: Target, key: String, method: String) throws -> Value? {
    var found: [Entry] = []
    for entry in entries {
      let layers = try entry.layers.resolved(layers: target.shape.layers)
      func matches(_ site: Site) -> Bool { site.component == entry.component && layers.contains(site.layer) }
      guard target.peers.contains(where: matches) else {
        throw AdapterError.setting(
          key: key, expected: "patterns of sites that the adapter edits", got: "'\(entry.text)'", method: method)
      }
      if matches(target.site) { found.append(entry) }
    }
    let precise = found.filter { $0.layers != .all }
    let chosen = precise.isEmpty ? found : precise
    guard chosen.count <= 1 else {
      throw AdapterError.setting(
        key: key, expected: "one pattern for \(target.site)",
        got: chosen.map { "'\($0.text)'" }.joined(separator: " and "), method: method)
    }
    return chosen.first?.value
  }
}
