public import JSON

/// BERT (arXiv 1810.04805): an encoder with learned positions and segments, norms behind each addition.
///
/// Its vocabulary head is the masked-language one, where the checkpoint has it. Sentence encoders such as MiniLM come
/// without, and without `bert.` before their names.
public enum BERT: Architecture {
  public static let summary = "BERT, and sentence encoders of its shape (MiniLM)"
  public static let modelTypes = ["bert"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    try Transformer.encoder(
      configuration, weights,
      EncoderNames(
        prefix: "bert.", headDense: "cls.predictions.transform.dense",
        headNorm: "cls.predictions.transform.LayerNorm", headBias: "cls.predictions.bias",
        decoder: "cls.predictions.decoder",
        ignoring: ["cls.seq_relationship.", "bert.pooler.", "pooler.", "classifier."]),
      firstPosition: 0)
  }
}
