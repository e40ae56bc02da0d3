/// The tokenizer of a GGUF file: the metadata under `tokenizer.ggml.`, as plain values.
public struct GGUFVocabulary: Sendable, Equatable {
  /// `model`: the kind of tokenizer, "gpt2" for byte-level BPE, "llama" for SentencePiece's BPE, "bert" for WordPiece, "t5"
  /// for Unigram.
  public var model: String
  /// `pre`: the name of the pre-tokenizer, "smollm" or "gpt-2".
  public var pre: String?
  /// `tokens`: the text of each id, as the vocabulary spells it.
  public var tokens: [String]
  /// `token_type`: for each id 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.
  public var types: [Int]
  /// `merges`: "left right", in the order of rank.
  public var merges: [String]
  /// `scores`: for each id what SentencePiece's model gave it; empty where the kind has none.
  public var scores: [Float]
  /// `bos_token_id`: the id of the token that begins texts.
  public var bosID: Int?
  /// `eos_token_id`: the id of the token that ends texts.
  public var eosID: Int?
  /// `unknown_token_id`: the id of the token for what the vocabulary does not have.
  public var unknownID: Int?
  /// `padding_token_id`: the id of the token that fills up batches.
  public var paddingID: Int?
  /// `seperator_token_id` (so it is spelled): the id of the token that ends each of two texts.
  public var separatorID: Int?
  /// `precompiled_charsmap`: SentencePiece's rules of replacement, compiled; empty where the kind has none.
  public var charsMap: [UInt8]
  /// `add_bos_token`: whether texts get that token before them.
  public var addsBOS: Bool?
  /// `add_eos_token`: whether texts get the token that ends them after them.
  public var addsEOS: Bool?
  /// `add_space_prefix`: whether SentencePiece puts a space before the text.
  public var addsSpacePrefix: Bool?

  /// A vocabulary from its parts; a ``Tokenizer`` checks whether they fit together.
  public init(
    model: String, pre: String?, tokens: [String], types: [Int], merges: [String], scores: [Float] = [],
    bosID: Int? = nil, eosID: Int? = nil, unknownID: Int? = nil, paddingID: Int? = nil, separatorID: Int? = nil,
    charsMap: [UInt8] = [], addsBOS: Bool? = nil,
    addsEOS: Bool? = nil, addsSpacePrefix: Bool? = nil
  ) {
    self.model = model
    self.pre = pre
    self.tokens = tokens
    self.types = types
    self.merges = merges
    self.scores = scores
    self.bosID = bosID
    self.eosID = eosID
    self.unknownID = unknownID
    self.paddingID = paddingID
    self.separatorID = separatorID
    self.charsMap = charsMap
    self.addsBOS = addsBOS
    self.addsEOS = addsEOS
    self.addsSpacePrefix = addsSpacePrefix
  }
}
