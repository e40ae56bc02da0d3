public import Checkpoints
public import JSON
public import ModelHub
public import Tokenization

/// The tokenizer of a model with what else its texts need.
public struct PretrainedTokenizer: Sendable {
  /// The path as given.
  public let source: String
  /// Text to token ids and back.
  public let tokenizer: Tokenizer
  /// The token put before texts, where the model has one.
  public let bos: TokenID?
  /// The token that ends texts in training, where the model has one.
  public let eos: TokenID?
  /// Every token at which generation ends: those of config.json or generation_config.json, the tokenizer's own, and the
  /// end of a turn where the chat template writes one.
  public let endTokens: Set<TokenID>
  let chatTemplateText: String?
  /// The template for conversations with tools, where the model has one of its own.
  let toolChatTemplateText: String?

  /// Opens the tokenizer of a model folder, or of a folder that has tokenizer.json alone, or of a GGUF file, or of a name
  /// of the Hub.
  ///
  /// No weights are read or downloaded, except that a GGUF file comes as a whole.
  ///
  /// - Parameters:
  ///   - hub: where names are looked up; `nil` for the Hub and the cache that the process's environment describes.
  ///   - downloading: called after each piece that comes from the Hub.
  public static func open(
    _ source: String, from hub: Hub? = nil, downloading: @escaping (HubProgress) -> Void = { _ in }
  ) throws -> PretrainedTokenizer {
    let path = try ModelReference(source).path(from: hub, needs: .tokenizer, downloading: downloading)
    return try PretrainedTokenizer(TokenizerDescription.open(path))
  }

  /// Reads the tokenizer that a description found, with what the configurations say of its special tokens.
  ///
  /// - Throws: ``PretrainedError/noTokenizer(path:)``, ``PretrainedError/endToken(key:got:source:)``, and whatever is
  ///   wrong with the files.
  public init(_ files: TokenizerDescription) throws {
    source = files.source
    chatTemplateText = files.chatTemplate
    toolChatTemplateText = files.toolChatTemplate
    switch files.tokenizer {
    case .huggingFace(let path, let configuration):
      tokenizer = try Tokenizer(
        json: .object(JSONReader(file: path).object), source: path, bos: configuration?.tokenText("bos_token"),
        eos: configuration?.tokenText("eos_token"))
    case .gguf(let metadata):
      tokenizer = try Tokenizer(gguf: GGUFVocabulary(metadata), source: files.source)
    case .none:
      throw PretrainedError.noTokenizer(path: files.source)
    }
    let configured = try files.configuration?.tokenIDs("eos_token_id") ?? []
    let generating = try files.generationConfiguration?.tokenIDs("eos_token_id") ?? []
    bos = try tokenizer.bos ?? files.configuration?.tokenIDs("bos_token_id").first
    eos = tokenizer.eos ?? configured.first ?? generating.first
    endTokens = Set(configured + generating).union(tokenizer.eos.map { [$0] } ?? []).union(
      Self.endsOfTurn(in: files.chatTemplate, tokenizer))
  }

  /// Tokens that end a turn in published chat templates (ChatML, Llama 3, Gemma, Phi).
  private static let turnEnds = ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>"]

  private static func endsOfTurn(in template: String?, _ tokenizer: Tokenizer) -> [TokenID] {
    guard let template else { return [] }
    return turnEnds.filter { template.contains($0) }.compactMap { tokenizer.id(of: $0) }
  }

  /// Whether conversations can be written.
  public var hasChatTemplate: Bool { chatTemplateText != nil }

  /// The model's chat template.
  ///
  /// Read when it is asked for, so that a template beyond the subset does not keep the model from anything else.
  ///
  /// - Parameter withTools: whether the conversation has tools, for which some models have a template of its own.
  public func chatTemplate(withTools: Bool = false) throws -> ChatTemplate {
    if withTools, let toolChatTemplateText {
      return try ChatTemplate(toolChatTemplateText, name: "\(source), chat template 'tool_use'")
    }
    guard let chatTemplateText else { throw PretrainedError.noChatTemplate(path: source) }
    return try ChatTemplate(chatTemplateText, name: "\(source), chat template")
  }

  /// A conversation as text, special tokens by their names: encode it with `addSpecialTokens: false`.
  ///
  /// - Parameters:
  ///   - tools: descriptions of functions that the model may call, as JSON schemas.
  ///   - addGenerationPrompt: whether the text ends with what opens the assistant's answer.
  ///   - extra: further variables that the template reads, such as `enable_thinking`.
  ///   - date: what a template that writes today's date writes.
  public func chatText(
    _ messages: [ChatMessage], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = true, extra: JSONObject = [:],
    date: ChatDate = .now()
  ) throws -> String {
    try chatTemplate(withTools: tools != nil).render(
      messages, tools: tools, addGenerationPrompt: addGenerationPrompt, bos: bos.flatMap(tokenizer.token),
      eos: eos.flatMap(tokenizer.token), extra: extra, date: date)
  }
}

extension JSONReader {
  /// The text of a special token: a string, or an object with a `content`.
  fileprivate func tokenText(_ key: String) throws(JSONError) -> String? {
    if let token = object[key]?.object {
      return try JSONReader(token, source: "\(source), \(key)").string("content")
    }
    return try string(ifPresent: key)
  }

  /// The token ids of a key that holds one, a list of them, or nothing.
  fileprivate func tokenIDs(_ key: String) throws(PretrainedError) -> [TokenID] {
    guard let value = object[key], !value.isNull else { return [] }
    let items = value.array ?? [value]
    let ids = items.compactMap { $0.int.flatMap(TokenID.init(exactly:)) }.filter { $0 >= 0 }
    guard ids.count == items.count else { throw .endToken(key: key, got: value.text, source: source) }
    return ids
  }
}

extension GGUFVocabulary {
  /// The values of the file's metadata; tokens without a type are normal ones.
  init(_ metadata: GGUFTokenizer) {
    self.init(
      model: metadata.model, pre: metadata.pre, tokens: metadata.tokens,
      types: metadata.tokenTypes.isEmpty ? metadata.tokens.map { _ in 1 } : metadata.tokenTypes,
      merges: metadata.merges, scores: metadata.scores,
      bosID: metadata.bosID, eosID: metadata.eosID, unknownID: metadata.unknownID, paddingID: metadata.paddingID,
      separatorID: metadata.separatorID, charsMap: metadata.charsMap, addsBOS: metadata.addsBOS,
      addsEOS: metadata.addsEOS, addsSpacePrefix: metadata.addsSpacePrefix)
  }
}
