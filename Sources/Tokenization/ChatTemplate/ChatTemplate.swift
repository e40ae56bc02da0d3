public import JSON

/// The template that writes a conversation as the text a model was trained on.
///
/// A subset of Jinja with the settings of transformers' `apply_chat_template`: `trim_blocks` and `lstrip_blocks` are on, `tojson`
/// does not escape, `raise_exception` and `strftime_now` exist. ``supported`` lists the subset. What lies outside is an error
/// that names it with line and column, when the template is read if it can be seen then, and when it is rendered otherwise.
///
/// A template is data that comes with a model: it reads nothing but what it is given, and ends within bounds of steps, nesting
/// and text.
public struct ChatTemplate: Sendable {
  private let nodes: [TemplateNode]
  /// What the template is called in errors.
  public let name: String
  /// What rendering may use up.
  var limits = TemplateLimits()

  /// Reads a template.
  ///
  /// - Parameter name: What to call it in errors: a file and key.
  public init(_ source: String, name: String) throws(TokenizerError) {
    self.name = name
    var lexer = TemplateLexer(source, name: name)
    var parser = TemplateParser(tokens: try lexer.tokens(), name: name)
    nodes = try parser.template()
  }

  /// The conversation as text. Special tokens stand in it by name: encode it with `addSpecialTokens: false`.
  ///
  /// - Parameters:
  ///   - tools: Descriptions of functions that the model may call, as JSON schemas; `none` in the template where there are none.
  ///   - documents: Texts that the model may cite.
  ///   - addGenerationPrompt: Whether the text ends with what opens the assistant's answer.
  ///   - continueFinalMessage: Whether the text ends within the last message, for the model to go on with it.
  ///   - bos: The begin-of-text token, `bos_token` in the template.
  ///   - eos: The end-of-text token, `eos_token` in the template.
  ///   - extra: Further variables that the template reads, such as `enable_thinking`; they go before those above.
  ///   - date: What `strftime_now` writes; without it a template that asks is an error.
  /// - Throws: ``TokenizerError/refusedByTemplate(message:line:name:)`` where the template itself refuses the conversation.
  public func render(
    _ messages: [ChatMessage], tools: [JSONValue]? = nil, documents: [JSONValue]? = nil, addGenerationPrompt: Bool,
    continueFinalMessage: Bool = false, bos: String? = nil, eos: String? = nil, extra: JSONObject = [:],
    date: ChatDate? = nil
  ) throws(TokenizerError) -> String {
    let messages = continueFinalMessage ? try marked(messages) : messages
    var variables: [String: TemplateValue] = [
      "messages": .list(messages.map { TemplateValue(.object($0.members)) }),
      "tools": tools.map { .list($0.map(TemplateValue.init)) } ?? .none,
      "documents": documents.map { .list($0.map(TemplateValue.init)) } ?? .none,
      "add_generation_prompt": .bool(addGenerationPrompt),
    ]
    if let bos { variables["bos_token"] = .string(bos) }
    if let eos { variables["eos_token"] = .string(eos) }
    for (key, value) in extra { variables[key] = TemplateValue(value) }
    let evaluator = TemplateEvaluator(variables: variables, date: date, limits: limits, name: name)
    for value in variables.values { try evaluator.checkNesting(of: value, TemplatePlace(line: 1, column: 1)) }
    let text = try evaluator.render(nodes)
    return continueFinalMessage ? try cut(text) : text
  }
}
