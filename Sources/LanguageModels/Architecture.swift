public import JSON

/// How the models of one family are built from their checkpoints.
///
/// One architecture is one file in `Architectures/` and one line in ``ModelRegistry``.
public protocol Architecture: SendableMetatype {
  /// What people call it, and where it was published.
  static var summary: String { get }
  /// The `model_type` values of config.json that it reads.
  static var modelTypes: [String] { get }

  /// Builds the model; every missing, misshapen or unknown weight is reported at once.
  static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel
}
