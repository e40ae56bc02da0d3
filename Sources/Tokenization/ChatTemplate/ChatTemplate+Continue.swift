import JSON

extension ChatTemplate {
  /// Stands at the end of the message that is to be continued; the space tells whether the template trims messages.
  private static let mark = "CONTINUE_FINAL_MESSAGE_TAG "

  /// The conversation with a mark at the end of the last message: of its text, or of its last part that has one.
  func marked(_ messages: [ChatMessage]) throws(TokenizerError) -> [ChatMessage] {
    var messages = messages
    guard let last = messages.popLast() else { throw nothingToContinue("there is no message") }
    var members = last.members
    switch members["content"] {
    case .string(let text)?: members["content"] = .string(text + Self.mark)
    case .array(var parts)?:
      guard let index = parts.lastIndex(where: { $0["text"]?.string != nil }), var part = parts[index].object else {
        fallthrough
      }
      part["text"] = .string((part["text"]?.string ?? "") + Self.mark)
      parts[index] = .object(part)
      members["content"] = .array(parts)
    default: throw nothingToContinue("the last message has no text")
    }
    return messages + [ChatMessage(members)]
  }

  /// The text up to the mark.
  func cut(_ text: String) throws(TokenizerError) -> String {
    guard let found = PythonText.lastOccurrence(of: PythonText.stripped(Self.mark), in: text) else {
      throw nothingToContinue("the template does not write the end of the last message")
    }
    let parts = PythonText.parts(of: text, between: [found])
    return parts[1].hasPrefix(" ") ? parts[0] : PythonText.stripped(parts[0], leading: false)
  }

  private func nothingToContinue(_ problem: String) -> TokenizerError {
    .template(
      problem: "\(problem), so it cannot be continued", line: 1, column: 1, name: name,
      remedy: "let the assistant begin a message of its own")
  }
}
