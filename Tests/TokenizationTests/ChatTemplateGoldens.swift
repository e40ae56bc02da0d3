import JSON
import Testing
import Tokenization

/// What transformers makes of a template and a conversation.
enum GoldenText: Sendable {
  case text(String)
  /// The template refused through `raise_exception`.
  case refusal(String)
  /// The template does not fit the conversation, in the words of Python or Jinja.
  case failure(String)

  init(_ value: JSONValue) {
    if let text = value.string {
      self = .text(text)
    } else if value["error"]?.string == "TemplateError" {
      self = .refusal(value["message"]?.string ?? "")
    } else {
      self = .failure("\(value["error"]?.string ?? "?"): \(value["message"]?.string ?? "")")
    }
  }
}

/// One published template with one conversation.
struct GoldenChat: CustomTestStringConvertible, Sendable {
  let model: String
  let conversation: String
  let template: String
  let messages: [ChatMessage]
  let tools: [JSONValue]?
  let prompt: Bool
  /// Whether the text ends within the last message.
  let continued: Bool
  let extra: JSONObject
  let expected: GoldenText

  var testDescription: String {
    "\(model), \(conversation)\(prompt ? ", prompt" : "")\(continued ? ", continued" : "")"
  }

  static let date = ChatDate(year: 2024, month: 7, day: 4, hour: 15, minute: 6, second: 7)

  static func all() throws -> [GoldenChat] {
    let root = try fixture("chat_templates.json")
    let runs = root["runs"]?.array ?? []
    return (root["templates"]?.array ?? []).flatMap { template in
      zip(runs, template["results"]?.array ?? []).map { run, result in
        let conversation = run["conversation"]?.string ?? "?"
        return GoldenChat(
          model: template["name"]?.string ?? "?", conversation: conversation,
          template: template["template"]?.string ?? "",
          messages: (root["conversations"]?[conversation]?.array ?? []).map { ChatMessage($0.object ?? [:]) },
          tools: run["tools"]?.array, prompt: run["prompt"]?.bool ?? false,
          continued: run["continue"]?.bool ?? false, extra: run["extra"]?.object ?? [:],
          expected: GoldenText(result))
      }
    }
  }

  func rendered(by template: String? = nil) throws(TokenizerError) -> String {
    try ChatTemplate(template ?? self.template, name: model).render(
      messages, tools: tools, addGenerationPrompt: prompt, continueFinalMessage: continued, bos: "<s>", eos: "</s>",
      extra: extra, date: Self.date)
  }
}

/// One small template that tries one thing.
struct GoldenSnippet: CustomTestStringConvertible, Sendable {
  let source: String
  let variables: JSONObject
  let expected: GoldenText

  var testDescription: String { source }

  static func all() throws -> [GoldenSnippet] {
    let root = try fixture("chat_template_language.json")
    return (root["cases"]?.array ?? []).map {
      GoldenSnippet(
        source: $0["source"]?.string ?? "", variables: root["variables"]?.object ?? [:],
        expected: GoldenText($0["result"] ?? .null))
    }
  }

  func rendered() throws(TokenizerError) -> String {
    try ChatTemplate(source, name: "t").render(
      [], addGenerationPrompt: false, bos: "<s>", eos: "</s>", extra: variables, date: GoldenChat.date)
  }
}
