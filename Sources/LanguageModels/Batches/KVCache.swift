import Layers

/// Keys and values of a batch of growing sequences, every layer; sequences can be of different lengths and can leave.
public final class KVCache {
  private var stores: [[KeyValueStore]]  // [sequence][layer]
  private let layers: Int

  /// An empty cache; its memory is taken as rows come in.
  ///
  /// - Parameter capacity: tokens to make room for at first in each sequence; the stores grow by doubling.
  public init(sequences: Int, layers: Int, capacity: Int = 64) {
    self.layers = layers
    stores = (0..<sequences).map { _ in (0..<layers).map { _ in KeyValueStore(capacity: capacity) } }
  }

  /// Tokens held for each sequence.
  public var lengths: [Int] { stores.map { $0.first?.count ?? 0 } }

  /// Keeps only these sequences, in this order.
  public func keep(_ sequences: [Int]) {
    stores = sequences.map { stores[$0] }
  }

  /// Lets go of all that is held of one sequence, which is then to be read anew.
  public func empty(_ sequence: Int) {
    stores[sequence] = (0..<layers).map { _ in KeyValueStore() }
  }

  /// Takes in one sequence more, behind the others; nothing is held of it yet.
  ///
  /// - Parameter capacity: tokens to make room for at first.
  public func add(capacity: Int) {
    stores.append((0..<layers).map { _ in KeyValueStore(capacity: capacity) })
  }

  /// One store for each sequence.
  func layer(_ index: Int) -> [KeyValueStore] { stores.map { $0[index] } }
}
