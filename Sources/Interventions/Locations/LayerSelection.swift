/// Which layers a location names: `all`, or a list of `n`, `a..b`, `a..b:step`; negative counts from the last.
public enum LayerSelection: Sendable, Hashable, CustomStringConvertible {
  /// Every layer.
  case all
  /// The layers of all items together; those named twice count once.
  case list([Item])

  /// One entry of a list. Bounds are as the user wrote them: 0-based, inclusive, -1 the last layer.
  public enum Item: Sendable, Hashable, CustomStringConvertible {
    /// One layer.
    case one(Int)
    /// Every `step`-th layer of a span, both bounds included.
    case span(from: Int, through: Int, step: Int)

    public var description: String {
      switch self {
      case .one(let layer): "\(layer)"
      case .span(let from, let through, 1): "\(from)..\(through)"
      case .span(let from, let through, let step): "\(from)..\(through):\(step)"
      }
    }
  }

  public var description: String {
    switch self {
    case .all: "all"
    case .list(let items): items.map(\.description).joined(separator: ",")
    }
  }

  /// The layers of a model with `count` of them, ascending, each once.
  ///
  /// - Throws: ``LocationError/layerOutOfRange(layer:layers:text:)``.
  public func resolved(layers count: Int) throws(LocationError) -> [Int] {
    guard case .list(let items) = self else { return Array(0..<count) }
    func absolute(_ layer: Int) throws(LocationError) -> Int {
      let index = layer < 0 ? count + layer : layer
      guard (0..<count).contains(index) else {
        throw .layerOutOfRange(layer: layer, layers: count, text: description)
      }
      return index
    }
    var chosen = Set<Int>()
    for item in items {
      switch item {
      case .one(let layer): chosen.insert(try absolute(layer))
      case .span(let from, let through, let step):
        let (first, last) = (try absolute(from), try absolute(through))
        guard first <= last else { throw .emptySpan(span: item.description, layers: count) }
        chosen.formUnion(stride(from: first, through: last, by: step))
      }
    }
    return chosen.sorted()
  }
}
