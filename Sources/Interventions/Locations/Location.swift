public import LanguageModels

/// Where an adapter edits: layers, a component, heads of it, and positions.
///
/// Written on one line everywhere: `all.block_output@f7+l7`, `12.head_attention_value_output[3,17]@all`.
public struct Location: Sendable, Hashable, CustomStringConvertible {
  /// The layers; each gets an intervention of its own.
  public var layers: LayerSelection
  /// The activation within a layer.
  public var component: Component
  /// 0-based heads; `nil` for all. Only where the component has heads.
  public var heads: [Int]?
  /// The positions of each sequence.
  public var positions: Positions

  /// A location; it is checked against a model when an ``Adapter`` is made of it.
  public init(layers: LayerSelection, component: Component, heads: [Int]? = nil, positions: Positions = .all) {
    self.layers = layers
    self.component = component
    self.heads = heads
    self.positions = positions
  }

  /// One layer's component.
  public init(_ site: Site, heads: [Int]? = nil, positions: Positions = .all) {
    self.init(layers: .list([.one(site.layer)]), component: site.component, heads: heads, positions: positions)
  }

  public var description: String {
    let heads = heads.map { "[" + $0.map(String.init).joined(separator: ",") + "]" } ?? ""
    return "\(layers).\(component.rawValue)\(heads)@\(positions)"
  }
}

extension Sequence<Location> {
  /// The locations as the one line that ``Location/list(parsing:)`` reads.
  public var line: String { map(\.description).joined(separator: ";") }
}
