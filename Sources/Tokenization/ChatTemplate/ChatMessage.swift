/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable {
  /// Who speaks: "system", "user", "assistant", or what else the template knows.
  public var role: String
  /// What is said, as plain text; the template puts the role's marks around it.
  public var content: String

  /// A turn; a template may refuse a role that it does not know.
  public init(role: String, content: String) {
    self.role = role
    self.content = content
  }
}
