/// The template that writes a conversation as the text a model was trained on.
///
/// A subset of Jinja, with the settings of transformers' `apply_chat_template` (`trim_blocks` and `lstrip_blocks` on): `for`, `if`,
/// `set`, expressions with the usual operators, slices, inline conditions, and the filters, tests, methods and functions listed in
/// `TemplateLibrary`. What lies outside is an error that names it with line and column, when the template is read if it can be seen
/// then and when it is rendered otherwise.
public struct ChatTemplate: Sendable {
  private let nodes: [TemplateNode]
  /// What the template is called in errors.
  public let name: String

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
  ///   - addGenerationPrompt: Whether the text ends with what opens the assistant's answer.
  ///   - bos: The begin-of-text token, `bos_token` in the template.
  ///   - eos: The end-of-text token, `eos_token` in the template.
  public func render(
    _ messages: [ChatMessage], addGenerationPrompt: Bool, bos: String? = nil, eos: String? = nil
  ) throws(TokenizerError) -> String {
    var variables: [String: TemplateValue] = [
      "messages": .list(
        messages.map { .map([("role", .string($0.role)), ("content", .string($0.content))]) }),
      "add_generation_prompt": .bool(addGenerationPrompt), "tools": .none, "documents": .none,
    ]
    if let bos { variables["bos_token"] = .string(bos) }
    if let eos { variables["eos_token"] = .string(eos) }
    var evaluator = TemplateEvaluator(variables: variables, name: name)
    return try evaluator.render(nodes)
  }
}
