public import JSON
public import LanguageModels
public import Tensors

/// One method at its locations in one model: what is trained, saved, loaded and applied as a whole.
public final class Adapter {
  /// What an adapter is, apart from its numbers; `adapter.json` holds it.
  public struct Plan: Sendable, Equatable {
    /// Name of the method in an ``InterventionRegistry``: `loreft`.
    public var method: String
    /// All settings of the method, defaults included.
    public var settings: JSONObject
    /// Where the method acts; one intervention for each layer and side of each of them.
    public var locations: [Location]
    /// How the ends of short prompts are cut.
    public var rule: Positions.Rule

    /// A plan; it is checked against a method and a model when an ``Adapter`` is made of it.
    public init(method: String, settings: JSONObject, locations: [Location], rule: Positions.Rule = .exact) {
      self.method = method
      self.settings = settings
      self.locations = locations
      self.rule = rule
    }
  }

  /// One intervention and the place where it acts.
  public struct Part {
    /// Unique in the adapter, and the beginning of its tensors' names: `3.block_output`, `3.block_output.first`.
    public let key: String
    /// The activation that is edited.
    public let target: Target
    /// The positions of a sequence that are edited.
    public let positions: Positions
    /// Which end of the prompt this part has when the ends are untied.
    public let side: Positions.Side
    /// What is trained and applied there.
    public let intervention: any Intervention
  }

  /// What the adapter is, apart from its numbers.
  public let plan: Plan
  /// The interventions in the order in which they were planned: by location, then layer, then side.
  public let parts: [Part]

  /// A new adapter with the method's own initialisation.
  ///
  /// - Throws: ``LocationError``, ``AdapterError`` and JSON's errors for settings and places that do not fit method and model.
  public init(
    _ plan: Plan, of method: Method, for model: any LanguageModel, using random: RandomSource
  ) throws {
    let settings = JSONReader(plan.settings, source: "method \(method.name)")
    var complete = plan
    complete.settings = try method.settings(settings)
    self.plan = complete
    parts = try Self.places(of: plan, in: model).map { place in
      Part(
        key: place.key, target: place.target, positions: place.positions, side: place.side,
        intervention: try method.make(settings, place.target, random))
    }
    try Self.check(parts, method.name)
  }

  /// An adapter with saved tensors, named `key.name`; every tensor must be wanted, every wanted tensor there.
  ///
  /// - Parameter source: what errors call the tensors' file.
  /// - Throws: as for a new adapter, and ``AdapterError`` for tensors that are missing, left over, misshapen or not finite.
  public init(
    _ plan: Plan, of method: Method, for model: any LanguageModel, restoring tensors: [NamedTensor], source: String
  ) throws {
    let settings = JSONReader(plan.settings, source: source)
    var complete = plan
    complete.settings = try method.settings(settings)
    self.plan = complete
    var groups: [String: [NamedTensor]] = [:]
    for tensor in tensors {
      let dot = tensor.name.lastIndex(of: ".") ?? tensor.name.startIndex
      let name = tensor.name[dot...].drop { $0 == "." }
      groups[String(tensor.name[..<dot]), default: []].append(NamedTensor(String(name), tensor.tensor))
    }
    parts = try Self.places(of: plan, in: model).map { place in
      let saved = SavedTensors(
        groups.removeValue(forKey: place.key) ?? [], device: place.target.device, source: "\(source), \(place.key)")
      let intervention = try method.restore(settings, place.target, saved)
      try saved.finish()
      return Part(
        key: place.key, target: place.target, positions: place.positions, side: place.side, intervention: intervention)
    }
    try Self.check(parts, method.name)
    guard groups.isEmpty else {
      let known = Set(parts.map(\.key))
      let names = tensors.map(\.name).filter { name in !known.contains { name.hasPrefix($0 + ".") } }
      throw AdapterError.leftoverTensors(names: names.sorted(), source: source)
    }
  }

  private typealias Place = (key: String, target: Target, positions: Positions, side: Positions.Side)

  /// Refuses positions where rows stand before a sequence: they would mean nothing.
  private static func check(_ parts: [Part], _ method: String) throws {
    for part in parts where part.intervention is any Prepending && part.positions != .all {
      throw AdapterError.setting(
        key: "locations", expected: "no positions: the rows stand before the whole sequence", got: "@\(part.positions)",
        method: method)
    }
  }

  /// Locations to targets, one for each layer and side.
  private static func places(of plan: Plan, in model: any LanguageModel) throws -> [Place] {
    var places: [(key: String, site: Site, heads: [Int]?, positions: Positions, side: Positions.Side)] = []
    var keys = PartKeys()
    for location in plan.locations {
      guard model.components.contains(location.component) else {
        throw LocationError.componentNotOffered(
          component: location.component.rawValue, offered: model.components.sorted().map(\.rawValue))
      }
      guard location.heads == nil || location.component.isPerHead else {
        throw LocationError.headsWithoutHeads(component: location.component.rawValue, text: location.description)
      }
      if let head = location.heads?.first(where: { !(0..<model.shape.heads).contains($0) }) {
        throw LocationError.headOutOfRange(head: head, heads: model.shape.heads, text: location.description)
      }
      for layer in try location.layers.resolved(layers: model.shape.layers) {
        let site = Site(layer: layer, component: location.component)
        for side in location.positions.sides {
          let name = site.description + (side == .both ? "" : side == .first ? ".first" : ".last")
          places.append((keys.next(name), site, location.heads?.sorted(), location.positions, side))
        }
      }
    }
    let peers = places.map(\.site)
    let shared = SharedTensors()
    return places.map { key, site, heads, positions, side in
      let target = Target(
        site: site, heads: heads, shape: model.shape, device: model.device,
        projection: model.projection(writing: site.component, layer: site.layer), peers: peers, shared: shared,
        isCausal: model.isCausal, embedding: model.embeddingTable)
      return (key, target, positions, side)
    }
  }

  /// The trainable leaves of all parts, in order, named `key.name`.
  public var parameters: [NamedTensor] {
    parts.flatMap { part in part.intervention.parameters.map { NamedTensor("\(part.key).\($0.name)", $0.tensor) } }
  }

  /// Whether the adapter stays as it is while others are trained: no gradient, no dropout.
  public private(set) var isFrozen = false

  /// Keeps the adapter as it is from now on.
  public func freeze() throws(TensorError) {
    isFrozen = true
    for parameter in parameters { try parameter.tensor.setRequiresGradient(false) }
  }

  /// `sum |p|` over all trainable entries: LoFiT's sparsity term; `nil` where there are none.
  public func absoluteSum() throws(TensorError) -> Tensor? {
    var total: Tensor?
    for parameter in parameters {
      let sum = try parameter.tensor.abs().sum()
      total = if let total { try total + sum } else { sum }
    }
    return total
  }

  /// Trainable numbers as the papers count them.
  public var parameterCount: Int { parts.reduce(0) { $0 + $1.intervention.parameterCount } }

  /// The tensors of the adapter file.
  public func saved() throws(TensorError) -> [NamedTensor] {
    try named { intervention throws(TensorError) in try intervention.saved() }
  }

  /// Everything needed to go on training exactly here, optimiser aside.
  public func trainingState() throws(TensorError) -> [NamedTensor] {
    try named { intervention throws(TensorError) in try intervention.trainingState() }
  }

  private func named(
    _ tensors: (any Intervention) throws(TensorError) -> [NamedTensor]
  ) throws(TensorError) -> [NamedTensor] {
    var all: [NamedTensor] = []
    for part in parts {
      for tensor in try tensors(part.intervention) {
        all.append(NamedTensor("\(part.key).\(tensor.name)", tensor.tensor))
      }
    }
    return all
  }
}
