import LanguageModels

/// Attention heads in the order of how much a task needs them.
public struct HeadRanking: Sendable, Equatable {
  /// One head and its score.
  public struct Entry: Sendable, Equatable {
    /// 0-based index of the block.
    public let layer: Int
    /// 0-based index among the query heads of the layer.
    public let head: Int
    /// How much the head matters; 0 or more where a method made it, comparable within one ranking only.
    public let score: Double

    /// An entry; its indices are checked when it is used on a model.
    public init(layer: Int, head: Int, score: Double) {
      self.layer = layer
      self.head = head
      self.score = score
    }
  }

  /// Best first.
  public let heads: [Entry]

  /// Ranks entries by score; ties go to the later layer and head, as lo-fit's reversed argsort has them.
  public init(_ entries: [Entry]) {
    heads = entries.sorted { ($0.score, $0.layer, $0.head) > ($1.score, $1.layer, $1.head) }
  }

  /// Ranks the heads that an adapter of a unit-selecting method was trained on.
  ///
  /// - Throws: ``AdapterError/setting(key:expected:got:method:)`` when the method does not score heads.
  public init(of adapter: Adapter) throws {
    var entries: [Entry] = []
    for part in adapter.parts {
      guard let selecting = part.intervention as? any UnitSelecting else {
        throw AdapterError.setting(
          key: "method", expected: "one that scores heads (lofit, jola)", got: adapter.plan.method,
          method: adapter.plan.method)
      }
      entries += try selecting.unitScores().map {
        Entry(layer: part.target.site.layer, head: $0.head, score: $0.score)
      }
    }
    self.init(entries)
  }

  /// The locations of the best `count` heads, one for each layer that has any.
  public func locations(top count: Int, positions: Positions = .all) -> [Location] {
    let chosen = Dictionary(grouping: heads.prefix(count), by: \.layer)
    return chosen.keys.sorted().map { layer in
      Location(
        Site(layer: layer, component: .headOutput), heads: chosen[layer]?.map(\.head).sorted(), positions: positions)
    }
  }
}
