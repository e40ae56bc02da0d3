import Diagnostics
public import JSON
import Synchronization

/// Text to token ids and back, through the stages of a `tokenizer.json`:
///
///     text -> added tokens -> normalizer -> pre-tokenizer -> model -> post-processor -> ids
///     ids  -> decoder -> text
///
/// Each stage is a closed set of kinds chosen by its `type`; a kind that is not there is an error that names it. Ids and offsets
/// equal those of Hugging Face `tokenizers`. A tokenizer may be used from many threads at once.
public final class Tokenizer: Sendable {
  /// What the tokenizer is called in errors: a file.
  public let source: String
  /// The token put before texts, where the source names one.
  public let bos: TokenID?
  /// The token that ends texts, where the source names one.
  public let eos: TokenID?
  /// One more than the largest id: the number of rows that a table indexed by ids needs.
  ///
  /// Without holes between the ids this is the number of tokens.
  public let vocabularySize: Int

  let added: AddedVocabulary
  let normalizer: Normalizer?
  let preTokenizer: PreTokenizer?
  let model: TokenizerModel
  /// The model's, taken out of it once.
  let vocabulary: Vocabulary
  let postProcessor: PostProcessor?
  let decoder: Decoder?
  private let document: JSONValue
  /// Workspaces that no call holds at the moment: each call to `encode` takes one or makes one, and puts it back.
  let workspaces = Mutex<[ModelWorkspace]>([])

  /// Reads a `tokenizer.json`.
  ///
  /// The file does not say which tokens begin and end texts (that stands in `tokenizer_config.json`); where the caller does not
  /// either, `bos` and `eos` are `nil`.
  ///
  /// - Parameters:
  ///   - source: What to call the document in errors.
  ///   - bos: The text of the token put before texts.
  ///   - eos: The text of the token that ends texts.
  public init(
    json: JSONValue, source: String, bos: String? = nil, eos: String? = nil
  ) throws(TokenizerError) {
    self.source = source
    document = json
    let root: JSONReader
    let addedTokens: [JSONValue]
    do {
      root = try JSONReader(json, source: source)
      addedTokens = try root.array(ifPresent: "added_tokens") ?? []
      _ = try root.reader("model")
    } catch { throw .document(error) }

    func stage(_ key: String) throws(TokenizerError) -> StageReader? {
      guard let value = root.object[key], !value.isNull else { return nil }
      return try StageReader(value, stage: key, source: source)
    }
    if let reader = try stage("normalizer") { normalizer = try Normalizer(reader) } else { normalizer = nil }
    if let reader = try stage("pre_tokenizer") { preTokenizer = try PreTokenizer(reader) } else { preTokenizer = nil }
    if let reader = try stage("decoder") { decoder = try Decoder(reader) } else { decoder = nil }
    model = try TokenizerModel(
      StageReader(root.object["model"] ?? .null, stage: "model", source: source),
      spelledBytes: preTokenizer?.spellsBytes ?? false)
    vocabulary = model.vocabulary
    added = try AddedVocabulary(addedTokens, model: vocabulary, normalizer: normalizer, source: source)
    vocabularySize = max(vocabulary.idLimit, added.idLimit)
    if let reader = try stage("post_processor") {
      postProcessor = try PostProcessor(reader, idLimit: vocabularySize)
    } else {
      postProcessor = nil
    }

    let (added, vocabulary) = (added, vocabulary)
    func named(_ token: String?, _ by: String) throws(TokenizerError) -> TokenID? {
      guard let token else { return nil }
      guard let id = added.id(of: Array(token.utf8)) ?? vocabulary.id(of: token.utf8) else {
        throw .tokenNotInVocabulary(token: token, namedBy: by, source: source)
      }
      return id
    }
    self.bos = try named(bos, "bos_token")
    self.eos = try named(eos, "eos_token")
  }

  /// The id of a token, by its text as the vocabulary spells it (`Ġhello`, `<|im_end|>`).
  public func id(of token: String) -> TokenID? {
    added.id(of: Array(token.utf8)) ?? vocabulary.id(of: token.utf8)
  }

  /// The token with an id, as the vocabulary spells it; `nil` beyond the vocabulary and in its holes.
  public func token(of id: TokenID) -> String? {
    bytes(of: id, skipSpecialTokens: false).map(UTF8Text.string)
  }

  /// A `tokenizer.json` that Hugging Face `tokenizers` loads and that gives the same ids.
  public func json() -> JSONValue { document }

  /// The spelling of a token, `nil` for none and for one to be skipped.
  func bytes(of id: TokenID, skipSpecialTokens: Bool) -> ArraySlice<UInt8>? {
    if let token = added.token(of: id) { return skipSpecialTokens && token.special ? nil : token.content[...] }
    return vocabulary.token(of: id)
  }
}
