public import Pretrained
public import Tasks
import Tokenization

/// Turns records into token ids, with the boundary between prompt and response taken from the full text.
///
/// The whole text is tokenised once, and the first token that reaches beyond the prompt's bytes begins the response.
/// Tokenising the prompt alone, as pyreft and TRL do, is wrong where a token spans the boundary.
public struct ExampleEncoder: Sendable {
  private let text: PretrainedTokenizer
  private let maximumLength: Int

  /// An encoder for one model's tokenizer.
  ///
  /// - Parameter maximumLength: tokens of the longest record that is accepted, end-of-text included.
  public init(_ text: PretrainedTokenizer, maximumLength: Int) {
    self.text = text
    self.maximumLength = maximumLength
  }

  /// Encodes one record; its content decides how, and texts without a prompt are learned whole.
  ///
  /// - Throws: ``TrainingError`` with the record's file and line.
  public func encode(_ record: TrainingRecord) throws -> TrainingExample {
    let (tokens, promptLength) = try tokens(of: record)
    guard tokens.count <= maximumLength else {
      throw TrainingError.tooLong(tokens: tokens.count, limit: maximumLength, source: record.source)
    }
    guard tokens.count >= 2, tokens.count > promptLength else {
      throw TrainingError.nothingToLearn(source: record.source)
    }
    return TrainingExample(
      tokens: tokens, promptLength: promptLength, subspaces: record.subspaces,
      contrast: try contrast(of: record, responseLength: tokens.count - promptLength), source: record.source)
  }

  /// The response behind the record's two other prompts, as many tokens as behind its own.
  private func contrast(of record: TrainingRecord, responseLength: Int) throws -> TrainingExample.Contrast? {
    guard let contrast = record.contrast, case .promptResponse(_, let response) = record.content else { return nil }
    func text(_ prompt: String) throws -> TrainingExample.Contrast.Text {
      let (tokens, promptLength) = try tokens(
        of: TrainingRecord(.promptResponse(prompt: prompt, response: response), source: record.source))
      guard tokens.count - promptLength == responseLength else {
        throw TrainingError.unevenContrast(
          tokens: tokens.count - promptLength, expected: responseLength, source: record.source)
      }
      guard tokens.count <= maximumLength else {
        throw TrainingError.tooLong(tokens: tokens.count, limit: maximumLength, source: record.source)
      }
      return .init(tokens: tokens, promptLength: promptLength)
    }
    return .init(positive: try text(contrast.positive), negative: try text(contrast.negative))
  }

  private func tokens(of record: TrainingRecord) throws -> (tokens: [Int32], promptLength: Int) {
    switch record.content {
    case .promptResponse(let prompt, let response):
      let (ids, promptLength) = split(prompt + response, afterBytes: prompt.utf8.count, addSpecialTokens: true)
      return (ids + endOfText(after: ids), promptLength)
    case .text(let text):
      let ids = self.text.tokenizer.encode(text).ids
      return (ids + endOfText(after: ids), 0)
    case .chat(let messages):
      guard text.hasChatTemplate else { throw TrainingError.noChatTemplate(source: record.source) }
      guard messages.last?.role == .assistant else { throw TrainingError.noAnswer(source: record.source) }
      let all = messages.map { Tokenization.ChatMessage(role: $0.role.rawValue, content: $0.content) }
      let whole = try text.chatText(all, addGenerationPrompt: false)
      let prompt = try text.chatText(all.dropLast(), addGenerationPrompt: true)
      guard whole.utf8.starts(with: prompt.utf8) else { throw TrainingError.promptNotAPrefix(source: record.source) }
      var (ids, promptLength) = split(whole, afterBytes: prompt.utf8.count, addSpecialTokens: false)
      // Templates end a turn with a token and then a line break; the model stops at the token.
      if let end = ids.lastIndex(where: text.endTokens.contains), end >= promptLength { ids = Array(ids[...end]) }
      return (ids, promptLength)
    }
  }

  private func split(
    _ text: String, afterBytes boundary: Int, addSpecialTokens: Bool
  ) -> (ids: [Int32], promptLength: Int) {
    let encoding = self.text.tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
    let first = encoding.offsets.firstIndex { $0.upperBound > boundary } ?? encoding.ids.count
    return (encoding.ids, first)
  }

  private func endOfText(after ids: [Int32]) -> [Int32] {
    guard let eos = text.eos, ids.last != eos else { return [] }
    return [eos]
  }
}
