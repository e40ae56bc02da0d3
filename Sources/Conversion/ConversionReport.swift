public import JSON

/// What became of every key of an adapter that was converted: nothing is dropped or assumed without a line here.
public struct ConversionReport: Sendable, Equatable {
  /// One tensor or setting under its old and its new name.
  public struct Mapping: Sendable, Equatable {
    /// What it was called in the source; a file and a key.
    public let from: String
    /// What it is called in the result.
    public let to: String
  }

  /// Something and what is known about it.
  public struct Note: Sendable, Equatable {
    /// The key.
    public let key: String
    /// The value that was taken, or why it is not there.
    public let text: String
  }

  /// The format that was read.
  public var source = ""
  /// The format that was written.
  public var target = ""
  /// What has its place in the result.
  public private(set) var mapped: [Mapping] = []
  /// What the source does not say and the result needs, with the value that was given or assumed.
  public private(set) var missing: [Note] = []
  /// What the source holds and the result does not: an error unless it is allowed.
  public private(set) var leftover: [Note] = []
  /// What the source holds and the result does not, though it computes the same without.
  public private(set) var unused: [Note] = []
  /// What whoever loads the result must say, for the format has no word for it.
  public private(set) var unsaid: [Note] = []

  /// An empty report.
  public init() {}

  mutating func map(_ from: String, to: String) { mapped.append(Mapping(from: from, to: to)) }
  mutating func note(missing key: String, _ text: String) { missing.append(Note(key: key, text: text)) }
  mutating func note(leftover key: String, _ text: String) { leftover.append(Note(key: key, text: text)) }
  mutating func note(unused key: String, _ text: String) { unused.append(Note(key: key, text: text)) }
  mutating func note(unsaid key: String, _ text: String) { unsaid.append(Note(key: key, text: text)) }

  /// The report for programs.
  public var json: JSONObject {
    func notes(_ notes: [Note]) -> JSONValue {
      .array(notes.map { ["key": .string($0.key), "note": .string($0.text)] })
    }
    return [
      "from": .string(source), "to": .string(target),
      "mapped": .array(mapped.map { ["from": .string($0.from), "to": .string($0.to)] }), "missing": notes(missing),
      "leftover": notes(leftover), "unused": notes(unused), "unsaid": notes(unsaid),
    ]
  }

  /// The report for people.
  public var text: String {
    var lines = ["\(source) -> \(target)", "mapped: \(mapped.count)"]
    lines += mapped.map { "  \($0.from) -> \($0.to)" }
    for (title, notes) in [
      ("missing, and what was taken", missing), ("left over", leftover), ("not needed", unused),
      ("not said by \(target): whoever loads it must", unsaid),
    ] {
      lines.append("\(title): \(notes.count)")
      lines += notes.map { "  \($0.key): \($0.text)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
