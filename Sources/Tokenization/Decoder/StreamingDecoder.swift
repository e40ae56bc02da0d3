/// Text from tokens that come one by one, as a model writes them.
///
/// What `push` returns, put together and followed by what `finish` returns, equals `Tokenizer.decode` of all the tokens. No part
/// ends inside a character (Unicode scalar); U+FFFD stands only for bytes that are truly invalid, an unfinished character at the end
/// among them.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecialTokens: Bool
  private var stages: [any DecoderStage]

  init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.skipSpecialTokens = skipSpecialTokens
    stages = tokenizer.decoder?.stages() ?? [SpaceJoining()]
  }

  /// Takes the next token and gives the text that is certain by now, which may be empty.
  ///
  /// An id that is no token's adds nothing, as in Hugging Face `tokenizers`.
  public mutating func push(_ id: TokenID) -> String {
    guard let token = tokenizer.bytes(of: id, skipSpecialTokens: skipSpecialTokens) else { return "" }
    return UTF8Text.string(run([Array(token)], from: 0))
  }

  /// Gives what was held back. After this the decoder is spent: take a new one for another text.
  public mutating func finish() -> String {
    var text: [UInt8] = []
    for i in stages.indices { text += run(stages[i].finish(), from: i + 1) }
    return UTF8Text.string(text)
  }

  /// Sends tokens through the stages from number `first` on and puts together what comes out.
  private mutating func run(_ tokens: [[UInt8]], from first: Int) -> [UInt8] {
    var tokens = tokens
    for i in first..<stages.count {
      if tokens.count == 1 {
        tokens = stages[i].push(tokens[0])
      } else {
        var next: [[UInt8]] = []
        for token in tokens { next += stages[i].push(token) }
        tokens = next
      }
    }
    if tokens.count == 1 { return tokens[0] }
    var text: [UInt8] = []
    for token in tokens { text += token }
    return text
  }
}
