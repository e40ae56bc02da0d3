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

  /// Negative control: the goldens tell a template from one with another line end.
  @Test func `a changed template fails the goldens`() throws {
    let chat = try #require(Self.chats.first { $0.name == "smollm2, user" })
    let changed = chat.template.replacing("'\n' + message['content']", with: "' ' + message['content']")
    #expect(changed != chat.template)
    let text = try ChatTemplate(changed, name: "changed").render(chat.messages, addGenerationPrompt: chat.prompt)
    #expect(!same(text, try #require(chat.expected.string)))
  }

  @Test func `a rendered chat has each special token as a single id`() throws {
    let chat = try #require(Self.chats.first { $0.name == "smollm2, three turns" && $0.prompt })
    let text = try ChatTemplate(chat.template, name: "t").render(chat.messages, addGenerationPrompt: true)
    let tokenizer = try Tokenizer(gguf: `A tokenizer from GGUF`.vocabulary(), source: "g")
    let ids = tokenizer.encode(text, addSpecialTokens: false).ids
    let begin = try #require(tokenizer.id(of: "<|im_start|>"))
    let end = try #require(tokenizer.id(of: "<|im_end|>"))
    #expect(ids.filter { $0 == begin }.count == 5)  // system, three turns, the opened answer
    #expect(ids.filter { $0 == end }.count == 4)
    #expect(tokenizer.decode(ids) == text)
  }

  @Test func `a refusal by the template carries its message and line`() throws {
    let template = try ChatTemplate(
      "{% if true %}\n{{ raise_exception('No ' ~ messages[0].role) }}\n{% endif %}", name: "t.jinja")
    #expect(throws: TokenizerError.refusedByTemplate(message: "No user", line: 2, name: "t.jinja")) {
      try template.render([ChatMessage(role: "user", content: "")], addGenerationPrompt: false)
    }
  }

  @Test(arguments: [
    ("{% macro f() %}{% endmacro %}", 1, 4, "macro"), ("a\nb {% include 'x' %}", 2, 6, "include"),
    ("{{ x | titlecase }}", 1, 6, "titlecase"), ("{{ x is prime }}", 1, 6, "prime"),
    ("{{ cycler(1) }}", 1, 4, "cycler"),
    ("{{ 'a'.title() }}", 1, 7, "title"), ("{{ 2 ** 3 }}", 1, 6, "**"), ("{{ (1, 2) }}", 1, 6, "tuples"),
    ("{% set x %}a{% endset %}", 1, 4, "set"), ("{% for x in y recursive %}{% endfor %}", 1, 15, "recursive"),
    ("{% if x %}", 1, 11, "endif"), ("{% endif %}", 1, 4, "endif"), ("{% for x in y %}{% endif %}", 1, 17, "endfor"),
    ("{{ 'a }}", 1, 4, "string"), ("{{ a ", 1, 1, "}}"), ("{# a", 1, 1, "#}"), ("{{ a ? b }}", 1, 6, "?"),
    ("{{ }}", 1, 4, "expression"),
    ("{{ a b }}", 1, 6, "'b'"), ("{{ 99999999999999999999 }}", 1, 4, "large"), ("{{ a.0 }}", 1, 6, ".0"),
    ("{% for in x %}{% endfor %}", 1, 11, "'in'"),
  ])
  func `what is outside of the subset is an error with line and column`(
    source: String, line: Int, column: Int, named: String
  ) {
    do {
      _ = try ChatTemplate(source, name: "t")
      Issue.record("no error for \(source)")
    } catch {
      guard case .template(let problem, line, column, "t", _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(problem.contains(named))
    }
  }

  @Test(arguments: [
    ("{{ nothing.role }}", "undefined"), ("{{ 'a' + 1 }}", "+"), ("{{ 'a' + nothing }}", "+"), ("{{ 1 // 0 }}", "//"),
    ("{{ 1 % 0 }}", "%"),
    ("{{ 9223372036854775807 + 1 }}", "+"), ("{{ -9223372036854775807 - 2 }}", "-"), ("{{ 'a' < 1 }}", "<"),
    ("{{ messages }}", "printed"),
    ("{{ 'abc'[::0] }}", "step"), ("{{ 1[2:] }}", "slice"), ("{{ range(1000000000) | length }}", "range"),
    ("{{ range(0, 9, 0) }}", "range"),
    ("{% for a, b in ['x'] %}{% endfor %}", "names"), ("{% for a in 5 %}{% endfor %}", "list"),
    ("{% set messages.x = 1 %}", "namespace"),
    ("{{ none | length }}", "length"), ("{{ nothing | tojson }}", "tojson"), ("{{ 'a'.split('') }}", "separator"),
    ("{{ 1.upper() }}", "upper"),
  ])
  func `what cannot be computed is an error and not a crash`(source: String, named: String) throws {
    let source = source.replacing("1.upper", with: "(1).upper")
    let template = try ChatTemplate(source, name: "t")
    do {
      _ = try template.render([ChatMessage(role: "user", content: "c")], addGenerationPrompt: false)
      Issue.record("no error for \(source)")
    } catch {
      guard case .template(let problem, 1, _, "t", _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(problem.contains(named))
    }
  }

  @Test(arguments: [
    String(repeating: "(", count: 5000), "{{ " + String(repeating: "[", count: 390),
    "{{ " + String(repeating: "not ", count: 390) + "a }}",
    "{{ " + String(repeating: "a ~ ", count: 5000) + "a }}", String(repeating: "{% if a %}", count: 5000),
    "{{ " + String(repeating: "-", count: 390) + "1 }}",
  ])
  func `a template nested without end is an error`(source: String) {
    #expect(throws: TokenizerError.self) {
      try ChatTemplate(source.hasPrefix("(") ? "{{ " + source : source, name: "t")
    }
  }
}
