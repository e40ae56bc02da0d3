import Layers

/// Keys and values, every layer, along one path of a tree of texts that is read some rows at a time.
///
/// Rows of a tree are packed in the order of their texts, what goes on from a row behind that row. When a batch of them has been
/// read, the rows to come see one path of it at most: the ancestors of the next row.
public final class TextPath {
  private let stores: [PathStore]
  private var nextLength = 0
  /// Tokens on the path.
  public private(set) var length = 0

  /// An empty path: the batch to come begins its texts.
  public init(layers: Int) {
    stores = (0..<layers).map { _ in PathStore() }
  }

  /// Says what the path is to be when the next batch has been read: the first `depth` tokens of what it is now, then rows of
  /// the batch, ascending.
  public func turn(at depth: Int, to rows: [Range<Int>]) {
    precondition(depth <= length, "what is not on the path cannot be kept")
    nextLength = depth + rows.reduce(0) { $0 + $1.count }
    for store in stores { store.step = .init(depth: depth, rows: rows) }
  }

  func layer(_ index: Int) -> PathStore { stores[index] }

  /// The batch has been read.
  func advance() { length = nextLength }
}
