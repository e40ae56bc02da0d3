/// What tokenizers may be made of: the lists that errors show and the documentation prints.
public enum TokenizerStages {
  /// The kinds of one stage.
  public struct Stage: Sendable, Equatable {
    /// Where it stands: a key of tokenizer.json, or of GGUF metadata.
    public let name: String
    /// What may stand there.
    public let kinds: [String]
  }

  /// Every stage and its kinds, from the text to the ids and back; then what a GGUF file may name.
  public static let supported: [Stage] = [
    Stage(name: "normalizer", kinds: Normalizer.supported),
    Stage(name: "pre_tokenizer", kinds: PreTokenizer.supported),
    Stage(name: "model", kinds: TokenizerModel.supported),
    Stage(name: "post_processor", kinds: PostProcessor.supported),
    Stage(name: "decoder", kinds: Decoder.supported),
    Stage(name: "tokenizer.ggml.model", kinds: GGUFConversion.Model.allCases.map(\.rawValue)),
    Stage(name: "tokenizer.ggml.pre", kinds: GGUFPreTokenizer.supported),
  ]

  /// The part of regular expressions that `Split` and `Replace` know.
  public static let patterns = PatternParser.supported
}
