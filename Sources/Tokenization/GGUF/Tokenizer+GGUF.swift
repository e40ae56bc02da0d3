import Diagnostics
import JSON

extension Tokenizer {
  /// Makes the tokenizer of a GGUF file, by writing the `tokenizer.json` that says the same and reading that.
  ///
  /// Ids are those of the Hugging Face tokenizer that the file was converted from. Where the file does not say whether texts begin with a
  /// token of their own, llama.cpp's rule for its kind of tokenizer holds.
  ///
  /// - Parameter source: What to call the file in errors.
  public convenience init(gguf vocabulary: GGUFVocabulary, source: String) throws(TokenizerError) {
    let conversion = try GGUFConversion(vocabulary, source: source)
    let (bos, eos) = (conversion.vocabulary.bosID, conversion.vocabulary.eosID)
    try self.init(
      json: conversion.document(), source: source, bos: bos.map { conversion.vocabulary.tokens[$0] },
      eos: eos.map { conversion.vocabulary.tokens[$0] })
  }
}
