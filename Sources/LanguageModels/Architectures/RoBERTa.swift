public import JSON

/// RoBERTa (arXiv 1907.11692): BERT whose positions begin behind the id of the padding token.
public enum RoBERTa: Architecture {
  public static let summary = "RoBERTa, XLM-RoBERTa"
  public static let modelTypes = ["roberta", "xlm-roberta"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    try Transformer.encoder(
      configuration, weights,
      EncoderNames(
        prefix: "roberta.", headDense: "lm_head.dense", headNorm: "lm_head.layer_norm", headBias: "lm_head.bias",
        decoder: "lm_head.decoder", ignoring: ["roberta.pooler.", "pooler.", "classifier."]),
      firstPosition: padding(configuration) + 1)
  }

  /// The id of the padding token, a row of the vocabulary.
  private static func padding(_ json: JSONReader) throws -> Int {
    let id = try json.int(ifPresent: "pad_token_id") ?? 1
    guard id >= 0, id < JSONReader.largestSize else {
      throw JSONError.type(key: "pad_token_id", expected: "a token id", got: String(id), source: json.source)
    }
    return id
  }
}
