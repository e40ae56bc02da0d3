import JSON
import Pretrained
import Tokenization

extension JSONReader {
  /// The conversation under `messages`: `[{"role": ..., "content": ...}, ...]`.
  func chatMessages() throws -> [ChatMessage] {
    try array("messages").enumerated().map { i, item in
      let message = try JSONReader(item, source: "\(source), message \(i + 1)")
      return ChatMessage(role: try message.string("role"), content: try message.string("content"))
    }
  }
}

extension PretrainedTokenizer {
  /// A conversation as token ids, by the model's chat template.
  func encode(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws -> [TokenID] {
    let text = try chatText(messages, addGenerationPrompt: addGenerationPrompt)
    return tokenizer.encode(text, addSpecialTokens: false).ids
  }
}
