import JSON
import Testing
import Tokenization

@Suite struct `Chat templates as transformers renders them` {
  static let chats = (try? GoldenChat.all()) ?? []
  static let snippets = (try? GoldenSnippet.all()) ?? []

  @Test func `the goldens are there`() throws {
    #expect(try GoldenChat.all().count == Self.chats.count)
    #expect(Set(Self.chats.map(\.model)).count >= 24)
    #expect(Self.chats.count >= 24 * 16)
    #expect(try GoldenSnippet.all().count >= 600)
  }

  @Test(arguments: chats) func `a conversation reads as transformers writes it`(chat: GoldenChat) {
    compare(Result { () throws(TokenizerError) in try chat.rendered() }, chat.expected)
  }

  @Test(arguments: snippets) func `a small template reads as transformers writes it`(snippet: GoldenSnippet) {
    compare(Result { () throws(TokenizerError) in try snippet.rendered() }, snippet.expected)
  }

  private func compare(_ result: Result<String, TokenizerError>, _ expected: GoldenText) {
    switch (result, expected) {
    case (.success(let text), .text(let wanted)):
      #expect(same(text, wanted), "\(text.debugDescription) is not \(wanted.debugDescription)")
    case (.failure(.refusedByTemplate(let message, _, _)), .refusal(let wanted)): #expect(same(message, wanted))
    case (.failure(.template), .failure): break
    default: Issue.record("got \(result), expected \(expected)")
    }
  }

  /// Negative control: the goldens tell a template from one with another line end.
  @Test func `a changed template fails the goldens`() throws {
    let chat = try #require(Self.chats.first { $0.model.contains("SmolLM2") })
    let changed = chat.template.replacing("'\n' + message['content']", with: "' ' + message['content']")
    #expect(changed != chat.template)
    guard case .text(let wanted) = chat.expected else {
      Issue.record("the first conversation has no text")
      return
    }
    #expect(same(try chat.rendered(), wanted))
    #expect(!same(try chat.rendered(by: changed), wanted))
  }
}
