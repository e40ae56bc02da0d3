/// The tokenizer of a GGUF file as plain values (`tokenizer.ggml.*`).
public struct GGUFTokenizer: Sendable, Equatable {
  /// The kind of tokenizer: `gpt2` is byte-level BPE, `llama` is SentencePiece's BPE, `bert` WordPiece, `t5` Unigram.
  public var model: String
  /// The name of the pre-tokenizer, such as `smollm`.
  public var pre: String?
  /// The text of each id.
  public var tokens: [String]
  /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; one per token, empty where the file has none.
  public var tokenTypes: [Int]
  /// BPE merges by rank, the two parts separated by a space.
  public var merges: [String]
  /// SentencePiece scores; one per token, empty where the file has none.
  public var scores: [Float]
  /// Id of the token that begins texts; an id that `tokens` does not have is an error of the file, here and below.
  public var bosID: Int?
  /// Id of the token that ends texts.
  public var eosID: Int?
  /// Id of the token that stands for what the vocabulary does not have.
  public var unknownID: Int?
  /// Id of the token that fills up batches.
  public var paddingID: Int?
  /// Id of the token that ends each of two texts (`seperator_token_id`, as it is spelled).
  public var separatorID: Int?
  /// SentencePiece's rules of replacement, compiled (`precompiled_charsmap`); empty where the file has none.
  public var charsMap: [UInt8]
  /// Whether a beginning-of-text token is put before every text; `nil` where the file does not say.
  public var addsBOS: Bool?
  /// Whether an end-of-text token is put after every text; `nil` where the file does not say.
  public var addsEOS: Bool?
  /// Whether a space is put before the first word; `nil` where the file does not say.
  public var addsSpacePrefix: Bool?

  /// Reads the keys; `nil` where the file has no tokenizer.
  init?(_ metadata: GGUFMetadata) throws(CheckpointError) {
    guard let model = try metadata.string("tokenizer.ggml.model") else { return nil }
    self.model = model
    pre = try metadata.string("tokenizer.ggml.pre")
    tokens = try metadata.required("tokenizer.ggml.tokens", metadata.strings("tokenizer.ggml.tokens"))
    tokenTypes = try metadata.ints("tokenizer.ggml.token_type") ?? []
    merges = try metadata.strings("tokenizer.ggml.merges") ?? []
    scores = try metadata.floats("tokenizer.ggml.scores") ?? []
    // Files of BERT from before 2025 call the token that begins texts by its own name.
    let (bosID, clsID) = (
      try metadata.int("tokenizer.ggml.bos_token_id"), try metadata.int("tokenizer.ggml.cls_token_id")
    )
    self.bosID = bosID ?? clsID
    eosID = try metadata.int("tokenizer.ggml.eos_token_id")
    unknownID = try metadata.int("tokenizer.ggml.unknown_token_id")
    paddingID = try metadata.int("tokenizer.ggml.padding_token_id")
    separatorID = try metadata.int("tokenizer.ggml.seperator_token_id")
    charsMap = try metadata.bytes("tokenizer.ggml.precompiled_charsmap") ?? []
    addsBOS = try metadata.bool("tokenizer.ggml.add_bos_token")
    addsEOS = try metadata.bool("tokenizer.ggml.add_eos_token")
    addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
    for (key, count) in [("token_type", tokenTypes.count), ("scores", scores.count)]
    where count != 0 && count != tokens.count {
      throw .malformed(
        file: metadata.file, place: "metadata 'tokenizer.ggml.\(key)'",
        problem: "expected one value for each of the \(tokens.count) tokens, got \(count)")
    }
    for (key, id) in [
      ("bos", bosID), ("eos", eosID), ("unknown", unknownID), ("padding", paddingID),
      ("seperator", separatorID),
    ] {
      guard let id, !tokens.indices.contains(id) else { continue }
      throw .malformed(
        file: metadata.file, place: "metadata 'tokenizer.ggml.\(key)_token_id'",
        problem: "\(id) is no id of the \(tokens.count) tokens")
    }
  }
}
