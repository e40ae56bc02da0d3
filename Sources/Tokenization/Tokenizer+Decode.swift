extension Tokenizer {
  /// The text of some tokens.
  ///
  /// Ids beyond the vocabulary, and in its holes, add nothing (as in Hugging Face `tokenizers`). Bytes that are not UTF-8 become
  /// U+FFFD.
  ///
  /// - Parameter skipSpecialTokens: Whether to leave out added tokens that are marked as special.
  public func decode(_ ids: some Sequence<TokenID>, skipSpecialTokens: Bool = false) -> String {
    var decoder = streamingDecoder(skipSpecialTokens: skipSpecialTokens)
    var text = ""
    for id in ids { text += decoder.push(id) }
    return text + decoder.finish()
  }

  /// A decoder for tokens that come one by one.
  public func streamingDecoder(skipSpecialTokens: Bool) -> StreamingDecoder {
    StreamingDecoder(self, skipSpecialTokens: skipSpecialTokens)
  }
}
