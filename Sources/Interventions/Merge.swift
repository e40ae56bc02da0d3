public import JSON
public import LanguageModels
public import Tensors

/// The change of a checkpoint that computes what adapters do, exactly and at no cost.
public struct Merge {
  /// What the changed checkpoint has otherwise.
  public let changes: CheckpointChanges

  /// Replaced and added tensors by their Hugging Face names.
  public var tensors: [String: Tensor] { changes.tensors }
  /// Changes to config.json.
  public var configuration: JSONObject { changes.configuration }
  /// Whether the changed checkpoint has this tensor as it was.
  public func keeps(_ name: String) -> Bool { changes.keeps(name) }

  /// Folds an adapter into the projections at its sites.
  ///
  /// - Throws: ``AdapterError/notMergeable(method:reason:)`` when the method has no exact fold, or the edit does not act at
  ///   every position.
  public init(folding adapter: Adapter, into model: any LanguageModel) throws {
    try self.init(folding: [AdapterUse(whole: adapter)], into: model)
  }

  /// Folds adapters that act one after the other, each with its strength.
  public init(folding uses: [AdapterUse], into model: any LanguageModel) throws {
    changes = try model.checkpoint(changing: model.projections(folding: uses))
  }
}
