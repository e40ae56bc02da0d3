/// One thing to learn from: a prompt with its response, a conversation, or a plain text.
public struct TrainingRecord: Sendable, Equatable {
  /// What is in a record, and thereby on which tokens the loss falls.
  public enum Content: Sendable, Equatable {
    /// The loss falls on the response alone.
    case promptResponse(prompt: String, response: String)
    /// The loss falls on what the assistant says.
    case chat([ChatMessage])
    /// The loss falls on all of it.
    case text(String)
  }

  /// What is learned.
  public let content: Content
  /// The named parts of the rank that this record trains, where the method has such; `nil` for all.
  public var subspaces: Set<String>?
  /// Two other prompts for the same response: one to come nearer to, one to leave.
  public var contrast: Contrast?
  /// Where the record stands, as errors name it: `train.jsonl, line 7`.
  public let source: String

  /// Prompts that differ in what is to be learned.
  public struct Contrast: Sendable, Equatable {
    /// The prompt to come nearer to, and the one to leave.
    public let positive, negative: String

    /// A contrast of two prompts.
    public init(positive: String, negative: String) {
      self.positive = positive
      self.negative = negative
    }
  }

  /// A record and its place.
  public init(_ content: Content, subspaces: Set<String>? = nil, contrast: Contrast? = nil, source: String) {
    self.content = content
    self.subspaces = subspaces
    self.contrast = contrast
    self.source = source
  }
}

/// One turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// Who speaks.
  public enum Role: String, Sendable, CaseIterable {
    case system, user, assistant, tool
  }

  /// Who speaks.
  public let role: Role
  /// What is said.
  public let content: String

  /// A turn of a conversation.
  public init(role: Role, content: String) {
    self.role = role
    self.content = content
  }
}
