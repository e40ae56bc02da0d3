public import Interventions
public import JSON
public import LanguageModels

/// An adapter between two formats: what swift-reft calls its plan, and its numbers by part.
public struct PortableAdapter: Sendable {
  /// The tensors of one intervention, and where it acts.
  public struct Part: Sendable {
    /// Layer and component.
    public let site: Site
    /// The heads in question; `nil` for all.
    public let heads: [Int]?
    /// Which end of the prompt it has where the ends are untied.
    public let side: Positions.Side
    /// Its tensors under the names of ``Interventions/Intervention/saved()``.
    public let tensors: [PlainTensor]

    /// A part.
    public init(_ site: Site, heads: [Int]? = nil, side: Positions.Side = .both, _ tensors: [PlainTensor]) {
      self.site = site
      self.heads = heads
      self.side = side
      self.tensors = tensors
    }

    /// Its tensors begin with this in adapter.safetensors.
    public var key: String { site.description + (side == .both ? "" : side == .first ? ".first" : ".last") }

    /// One tensor by its name.
    subscript(name: String) -> PlainTensor? { tensors.first { $0.name == name } }
  }

  /// Method, settings, locations.
  public let plan: Adapter.Plan
  /// In the order of the plan; every site and side once.
  public let parts: [Part]
  /// What adapter.json says beside, where the adapter comes from one.
  public let origin: AdapterDescription?

  /// An adapter whose plan is there already.
  init(_ plan: Adapter.Plan, _ parts: [Part], origin: AdapterDescription?) {
    self.plan = plan
    self.parts = parts
    self.origin = origin
  }

  /// An adapter whose parts all act at the same positions.
  public init(
    method: String, settings: JSONObject, at positions: Positions, rule: Positions.Rule = .exact, parts: [Part],
    in model: any LanguageModel
  ) {
    func order(_ side: Positions.Side) -> Int { side == .last ? 1 : 0 }
    let parts = parts.sorted {
      ($0.site.component, $0.heads == nil ? 0 : $0.site.layer, $0.site.layer, order($0.side))
        < ($1.site.component, $1.heads == nil ? 0 : $1.site.layer, $1.site.layer, order($1.side))
    }
    var locations: [Location] = []
    for (component, group) in Dictionary(grouping: parts, by: \.site.component).sorted(by: { $0.key < $1.key }) {
      // Heads belong to one layer; all else is one location a component.
      for (heads, part) in group.compactMap({ part in part.heads.map { ($0, part) } }) {
        locations.append(Location(part.site, heads: heads, positions: positions))
      }
      let layers = Set(group.filter { $0.heads == nil }.map(\.site.layer)).sorted()
      if !layers.isEmpty {
        locations.append(
          Location(
            layers: layers.count == model.shape.layers ? .all : .list(layers.map { .one($0) }), component: component,
            positions: positions))
      }
    }
    plan = Adapter.Plan(method: method, settings: settings, locations: locations, rule: rule)
    self.parts = parts
    origin = nil
  }

  /// The positions of all parts, `nil` where they differ.
  var positions: Positions? {
    let all = Set(plan.locations.map(\.positions))
    return all.count == 1 ? all.first : nil
  }
}
