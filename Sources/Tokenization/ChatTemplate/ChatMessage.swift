public import JSON

/// One turn of a conversation: a JSON object with a role and whatever else the template of a model reads.
///
/// Templates know `content` (a text, a list of parts such as `{"type": "text", "text": ...}`, or null), `tool_calls`, `name`,
/// `tool_call_id`, `reasoning_content` and others; each template reads its own and leaves out the rest.
public struct ChatMessage: Sendable, Equatable {
  /// All members, in the order in which a template that lists them writes them.
  public var members: JSONObject

  /// A turn of plain text; a template may refuse a role that it does not know.
  ///
  /// - Parameters:
  ///   - role: Who speaks: "system", "user", "assistant", or what else the template knows.
  ///   - content: What is said; the template puts the role's marks around it.
  public init(role: String, content: String) {
    members = ["role": .string(role), "content": .string(content)]
  }

  /// A turn with any members, passed to the template as they are.
  public init(_ members: JSONObject) {
    self.members = members
  }

  /// Who speaks; `nil` when the turn does not say so as a string.
  public var role: String? { members["role"]?.string }

  /// What is said as plain text; `nil` when it is made of parts, or missing.
  public var content: String? { members["content"]?.string }
}
