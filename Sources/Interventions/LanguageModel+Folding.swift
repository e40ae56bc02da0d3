public import LanguageModels
import Tensors

extension LanguageModel {
  /// The projections with which the model computes what adapters do that act one after the other, each with its strength; by the
  /// components they write.
  ///
  /// - Parameter keepingStored: whether a matrix that is decoded where it is used must stay so: a folded one is plain floats.
  /// - Throws: ``AdapterError/notMergeable(method:reason:)`` when a method has no exact fold, an edit does not act at every
  ///   position, or a matrix does not stay as it must.
  public func projections(folding uses: [AdapterUse], keepingStored: Bool = false) throws -> [Site: Projection] {
    var writers: [(carrier: Site, fold: Fold)] = []
    var readers: [(carrier: Site, fold: Fold)] = []
    for use in uses where use.strength != 0 {
      let method = use.adapter.plan.method
      for part in use.adapter.parts {
        guard part.positions == .all else {
          throw AdapterError.notMergeable(
            method: method, reason: "it acts at \(part.positions), and weights act at every position")
        }
        let site = part.target.site
        guard let intervention = part.intervention as? any Mergeable else {
          throw AdapterError.notMergeable(method: method, reason: type(of: part.intervention).whyNotFoldable)
        }
        let fold = Fold(method: method, site: site, intervention: intervention, strength: use.strength)
        guard let carrier = carrier(of: intervention.foldsInto, at: site) else {
          throw AdapterError.notMergeable(
            method: method, reason: "no projection of this model carries its edit at \(site)")
        }
        if intervention.foldsInto == .reader {
          readers.append((carrier, fold))
        } else {
          writers.append((carrier, fold))
        }
      }
    }
    // Of what a projection writes, the edit that acts first is the first to be folded: e2 (e1 (W x)). Of what it reads, the last:
    // W (e2 (e1 (z))). The edits of what it writes see what it has read, so they come before those of what it reads.
    let ordered = writers.enumerated().sorted { ($0.element.fold.site, $0.offset) < ($1.element.fold.site, $1.offset) }
    var changed: [Site: Projection] = [:]
    for (carrier, fold) in ordered.map(\.element) + readers.reversed() {
      guard let present = changed[carrier] ?? projection(writing: carrier.component, layer: carrier.layer) else {
        continue
      }
      let folded = try withoutGradients { try fold(into: present) }
      if keepingStored, case .encoded = present.matrix, case .plain = folded.matrix {
        throw AdapterError.notMergeable(
          method: fold.method,
          reason: "its matrices are kept as they are stored, and a folded one would take more memory")
      }
      changed[carrier] = folded
    }
    return changed
  }

  /// The component whose projection takes in an edit at this site.
  private func carrier(of side: FoldSide, at site: Site) -> Site? {
    switch side {
    case .reader:
      switch site.component {
      case .headOutput: Site(layer: site.layer, component: .attentionOutput)
      case .mlpActivation: Site(layer: site.layer, component: .mlpOutput)
      default: nil
      }
    case .writer: projection(writing: site.component, layer: site.layer) == nil ? nil : site
    case .offset: offsetCarrier(of: site)
    }
  }
}

/// One edit on its way into a projection.
private struct Fold {
  let method: String
  let site: Site
  let intervention: any Mergeable
  let strength: Double

  /// The projection with the edit, or with s times its difference: `W + s (W' - W)`.
  func callAsFunction(into projection: Projection) throws -> Projection {
    let present = try projection.weight
    let (weight, bias) = try intervention.folded(into: projection)
    if strength == 1 { return try projection.replacing(weight: weight, bias: bias) }
    let scaled = weight === present ? weight : try present + (weight - present) * strength
    var offset: Tensor?
    if let bias {
      let difference = if let old = projection.bias { try bias - old } else { bias }
      let moved = try difference * strength
      offset = if let old = projection.bias { try old + moved } else { moved }
    }
    return try projection.replacing(weight: scaled, bias: offset)
  }
}
