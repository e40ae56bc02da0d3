public import JSON
public import Tensors

/// What makes one checkpoint another one: tensors replaced, added and removed, and keys of config.json.
public struct CheckpointChanges {
  /// Replaced and added tensors by their Hugging Face names.
  public var tensors: [String: Tensor] = [:]
  /// Names of tensors that the changed checkpoint does not have.
  public var removed: Set<String> = []
  /// Changes to config.json.
  public var configuration: JSONObject = [:]

  /// No change.
  public init() {}

  /// Whether the changed checkpoint has this tensor as it was.
  public func keeps(_ name: String) -> Bool { tensors[name] == nil && !removed.contains(name) }
}
