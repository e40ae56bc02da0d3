import Checkpoints
import Foundation
import JSON
public import LanguageModels
public import Pretrained

/// How a model's texts are turned into vectors.
public struct EmbeddingSettings: Sendable, Equatable {
  /// How tokens become one vector.
  public var pooling: Pooling
  /// Whether vectors are divided by their length, so that a dot product is the cosine.
  public var normalizes: Bool
  /// The longest text in tokens, special ones included.
  public var maximumTokens: Int
  /// Whether longer texts are cut, special tokens kept; otherwise they are errors.
  public var truncates: Bool

  /// Settings that nothing was checked against.
  public init(pooling: Pooling = .mean, normalizes: Bool = false, maximumTokens: Int, truncates: Bool = false) {
    self.pooling = pooling
    self.normalizes = normalizes
    self.maximumTokens = maximumTokens
    self.truncates = truncates
  }

  /// The mean over all tokens of an encoder, the last token of a decoder, texts as long as the context.
  public init(standardFor model: any LanguageModel) {
    self.init(pooling: model.isCausal ? .last : .mean, maximumTokens: model.shape.contextLength)
  }

  /// What the folder of a sentence-transformers model says (modules.json and the files it names); `nil` for other models.
  public init?(publishedWith model: PretrainedModel) throws {
    let folder = model.checkpoint.source
    let list = folder + "/modules.json"
    guard FileManager.default.fileExists(atPath: list) else { return nil }
    self.init(standardFor: model.model)
    if let settings = try Self.reader(folder + "/sentence_bert_config.json"),
      let limit = try settings.int(ifPresent: "max_seq_length")
    {
      // Room for what stands before and behind a text, and a token of it.
      guard limit >= 3 else {
        throw JSONError.type(
          key: "max_seq_length", expected: "a whole number of at least 3", got: "\(limit)", source: settings.source)
      }
      maximumTokens = min(maximumTokens, limit)
    }
    let modules = try JSONValue(parsing: String(contentsOfFile: list, encoding: .utf8), source: list)
    guard let modules = modules.array, !modules.isEmpty else {
      throw JSONError.type(key: "(root)", expected: "an array of modules", got: modules.text, source: list)
    }
    for module in modules {
      switch module["type"]?.string?.split(separator: ".").last {
      case "Transformer": break
      case "Normalize": normalizes = true
      case "Pooling":
        let path = "\(folder)/\(module["path"]?.string ?? "")/config.json"
        pooling = try Self.pooling(JSONReader(file: path))
      default:
        throw EmbeddingError.unsupportedModule(
          type: module["type"]?.string ?? module.text, source: list, supported: ["Transformer", "Pooling", "Normalize"])
      }
    }
  }

  private static func reader(_ path: String) throws -> JSONReader? {
    FileManager.default.fileExists(atPath: path) ? try JSONReader(file: path) : nil
  }

  private static let modes: [(key: String, pooling: Pooling)] = [
    ("pooling_mode_mean_tokens", .mean), ("pooling_mode_cls_token", .first), ("pooling_mode_lasttoken", .last),
  ]

  /// The one mode that is switched on.
  private static func pooling(_ json: JSONReader) throws -> Pooling {
    let on = json.object.keys.filter { $0.hasPrefix("pooling_mode_") && json.object[$0]?.bool == true }
    guard on.count == 1, let mode = modes.first(where: { $0.key == on[0] }) else {
      throw EmbeddingError.unsupportedPooling(modes: on, source: json.source, supported: modes.map(\.key))
    }
    return mode.pooling
  }
}
