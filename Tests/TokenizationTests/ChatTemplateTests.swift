import JSON
import Testing
import Tokenization

/// One template of the golden file with one conversation, and what transformers makes of them.
struct GoldenChat: CustomTestStringConvertible, Sendable {
  let name: String
  let template: String
  let messages: [ChatMessage]
  let prompt: Bool
  /// The text, or the message of the error.
  let expected: JSONValue

  var testDescription: String { name }

  static func all() throws -> [GoldenChat] {
    let root = try fixture("chat_templates.json")
    return (root["cases"]?.array ?? []).flatMap { value in
      (value["results"]?.array ?? []).map { result in
        let conversation = result["conversation"]?.string ?? "?"
        return GoldenChat(
          name: "\(value["name"]?.string ?? "?"), \(conversation)", template: value["template"]?.string ?? "",
          messages: (root["conversations"]?[conversation]?.array ?? []).map {
            ChatMessage(role: $0["role"]?.string ?? "", content: $0["content"]?.string ?? "")
          }, prompt: result["prompt"]?.bool ?? false, expected: result["text"] ?? .null)
      }
    }
  }
}

@Suite struct `Chat templates` {
  static let chats = (try? GoldenChat.all()) ?? []

  @Test func `the goldens are there`() throws {
    #expect(try GoldenChat.all().count == 72)
  }

  @Test(arguments: chats) func `a conversation reads as transformers writes it`(chat: GoldenChat) throws {
    let template = try ChatTemplate(chat.template, name: chat.name)
    let rendered = Result { () throws in
      try template.render(chat.messages, addGenerationPrompt: chat.prompt, bos: "<s>", eos: "</s>")
    }
    if let text = chat.expected.string {
      #expect(same(try rendered.get(), text))
    } else {
      #expect(throws: TokenizerError.self) { try rendered.get() }
    }
  }
}
