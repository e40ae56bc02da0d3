import Tokenization

/// The text of tokens as they come, as it continues the text of a prompt.
///
/// The prompt is decoded first: decoders that drop a space at the beginning of a text would drop it from the answer else.
struct ContinuedText {
  private var decoder: StreamingDecoder
  /// Bytes of the prompt's text that the decoder still holds.
  private var heldOfPrompt: Int

  init(after prompt: [Int32], by tokenizer: Tokenizer) {
    decoder = tokenizer.streamingDecoder(skipSpecialTokens: true)
    var passed = 0
    for token in prompt { passed += decoder.push(token).utf8.count }
    heldOfPrompt = tokenizer.decode(prompt, skipSpecialTokens: true).utf8.count - passed
  }

  mutating func push(_ token: Int32) -> String { ownPart(of: decoder.push(token)) }

  mutating func finish() -> String { ownPart(of: decoder.finish()) }

  private mutating func ownPart(of text: String) -> String {
    guard heldOfPrompt > 0 else { return text }
    let own = text.utf8.dropFirst(heldOfPrompt)
    heldOfPrompt -= text.utf8.count - own.count
    return String(decoding: own, as: UTF8.self)
  }
}
