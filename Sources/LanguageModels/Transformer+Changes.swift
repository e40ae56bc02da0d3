import JSON
import Layers
public import Tensors

extension Transformer {
  public func projection(reading component: Component, layer: Int) -> Projection? {
    switch component {
    case .headOutput: projection(writing: .attentionOutput, layer: layer)
    case .mlpActivation: projection(writing: .mlpOutput, layer: layer)
    default: nil
    }
  }

  public func projection(writing component: Component, layer: Int) -> Projection? {
    blocks[layer].projection(writing: component)?.projection
  }

  public func offsetCarrier(of site: Site) -> Site? {
    switch site.component {
    case .blockOutput: blocks[site.layer].lastAddition.map { Site(layer: site.layer, component: $0) }
    // What enters a block is what leaves the one below; the embedding has no bias.
    case .blockInput: site.layer == 0 ? nil : offsetCarrier(of: Site(layer: site.layer - 1, component: .blockOutput))
    default: projection(writing: site.component, layer: site.layer) == nil ? nil : site
    }
  }

  public func biasCompanions(reading component: Component) throws(TensorError) -> BiasCompanions? {
    try biases.companions(blocks, inAttention: component.isInAttention)
  }

  public func replacing(_ projections: [Site: Projection]) -> any LanguageModel {
    Transformer(self, blocks: blocks(with: projections))
  }

  /// The blocks with other projections at these components.
  private func blocks(with projections: [Site: Projection]) -> [any Block] {
    var changed = blocks
    for (site, projection) in projections {
      guard let original = changed[site.layer].projection(writing: site.component) else { continue }
      let map = Linear(projection.matrix, bias: projection.bias)
      changed[site.layer] = changed[site.layer].replaced(
        site.component, by: StoredLinear(path: original.path, map: map, isTransposed: original.isTransposed))
    }
    return changed
  }

  public func checkpoint(changing projections: [Site: Projection]) throws -> CheckpointChanges {
    let changed = blocks(with: projections)
    var changes = CheckpointChanges()
    for (site, projection) in projections {
      let original = self.projection(writing: site.component, layer: site.layer)
      let fused = [changed[site.layer].attentionProjections, changed[site.layer].networkProjections].lazy
        .compactMap { maps, fused in fused.map { (fused: $0, maps: maps) } }
        .first { $0.fused.components.contains(site.component) }
      if let (fused, maps) = fused {
        // Changed parts of one whole are joined once.
        if changes.tensors[fused.path + ".weight"] != nil { continue }
        let whole = try fused.joined(maps.parts(of: fused))
        changes.tensors[fused.path + ".weight"] = whole.weight
        changes.tensors[fused.path + ".bias"] = whole.bias
      } else {
        if try projection.weight !== original?.weight {
          changes.tensors[projection.weightName] = try projection.storedWeight
        }
        if let bias = projection.bias, bias !== original?.bias { changes.tensors[projection.biasName] = bias }
      }
    }
    let gained = projections.filter { site, projection in
      projection.bias != nil && self.projection(writing: site.component, layer: site.layer)?.bias == nil
    }
    for inAttention in [true, false] {
      guard let site = gained.keys.sorted().first(where: { $0.component.isInAttention == inAttention }) else {
        continue
      }
      guard let companions = try biases.companions(changed, inAttention: inAttention, gaining: true) else {
        throw ModelError.carriesNoBias(component: site.component.rawValue)
      }
      changes.configuration = changes.configuration.merging(companions.configuration)
      for (name, size) in companions.zeroBiases where changes.tensors[name] == nil {
        changes.tensors[name] = try Tensor.zeros([size])
      }
      for (name, tensor) in companions.added { changes.tensors[name] = try tensor.contiguous() }
      for name in companions.removed {
        changes.removed.insert(name)
        changes.tensors[name] = nil
      }
    }
    return changes
  }
}

extension Block {
  /// ``replacing(_:by:)`` without the type.
  fileprivate func replaced(_ component: Component, by map: StoredLinear) -> any Block {
    replacing(component, by: map)
  }
}

extension Component {
  /// Whether the projection that writes or reads it belongs to the attention.
  fileprivate var isInAttention: Bool {
    switch self {
    case .attentionInput, .query, .key, .value, .headOutput, .attentionOutput: true
    case .blockInput, .mlpInput, .mlpGate, .mlpUp, .mlpActivation, .mlpOutput, .blockOutput: false
    }
  }
}
