/// What proves to the Hub who asks.
public struct HubToken: Sendable, Equatable {
  /// The text that is sent.
  let text: String
  /// Where it was found: a variable or a file.
  public let source: String

  /// White space at both ends does not count; `nil` for a text of nothing else.
  ///
  /// - Throws: ``HubError/setting(name:got:expected:)`` for characters that would end a header.
  public init?(_ text: String, source: String) throws(HubError) {
    let isSpace: (Character) -> Bool = \.isWhitespace
    let trimmed = text.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    guard !trimmed.isEmpty else { return nil }
    guard trimmed.allSatisfy({ $0.isASCII && ("!"..."~").contains($0) }) else {
      throw .setting(name: source, got: "a text with other characters", expected: "a token: letters, digits and _")
    }
    self.text = String(trimmed)
    self.source = source
  }
}
