public import JSON
public import LanguageModels
public import Tensors

/// The change of a checkpoint that computes what an adapter does, exactly and at no cost.
public struct Merge {
  /// Replaced and added tensors by their Hugging Face names.
  public let tensors: [String: Tensor]
  /// Names of tensors that the changed checkpoint does not have.
  public let removed: Set<String>
  /// Changes to config.json.
  public let configuration: JSONObject

  /// Whether the changed checkpoint has this tensor as it was.
  public func keeps(_ name: String) -> Bool { tensors[name] == nil && !removed.contains(name) }

  /// Folds an adapter into the projections that read its sites.
  ///
  /// - Throws: ``AdapterError/notMergeable(method:reason:)`` when the method has no exact fold, or the edit does not act at
  ///   every position.
  public init(folding adapter: Adapter, into model: any LanguageModel) throws {
    let method = adapter.plan.method
    var changed: [Site: Projection] = [:]
    // W (e2 (e1 (z))): the edit that acts last is the first to be folded.
    for part in adapter.parts.reversed() {
      guard part.positions == .all else {
        throw AdapterError.notMergeable(
          method: method, reason: "it acts at \(part.positions), and weights act at every position")
      }
      guard let intervention = part.intervention as? any Mergeable else {
        throw AdapterError.notMergeable(
          method: method, reason: "its edit depends on the input and equals no change of one weight")
      }
      let site = part.target.site
      guard let projection = changed[site] ?? model.projection(reading: site.component, layer: site.layer) else {
        throw AdapterError.notMergeable(method: method, reason: "no projection of this model reads \(site) alone")
      }
      let (weight, bias) = try withoutGradients { try intervention.folded(into: projection) }
      changed[site] = projection.replacing(weight: weight, bias: bias)
    }

    var tensors: [String: Tensor] = [:]
    var removed: Set<String> = []
    var configuration: JSONObject = [:]
    for (site, projection) in changed {
      tensors[projection.weightName] = try projection.storedWeight
      let original = model.projection(reading: site.component, layer: site.layer)
      guard let bias = projection.bias, original?.bias == nil || original?.bias !== bias else { continue }
      tensors[projection.biasName] = bias
    }
    let added = Set(changed.filter { $0.value.bias != nil }.keys.map(\.component))
    for component in added.sorted() {
      guard let companions = try model.biasCompanions(reading: component) else {
        throw AdapterError.notMergeable(
          method: method,
          reason:
            "no checkpoint of this architecture can carry a bias of the projection that reads \(component.rawValue)")
      }
      for (key, value) in companions.configuration { configuration[key] = value }
      for (name, size) in companions.zeroBiases where tensors[name] == nil {
        tensors[name] = try Tensor.zeros([size])
      }
      for (name, tensor) in companions.added { tensors[name] = try tensor.contiguous() }
      removed.formUnion(companions.removed)
    }
    self.tensors = tensors
    self.removed = removed
    self.configuration = configuration
  }
}
