public import Tensors

/// Where a new row of every slot goes, and what it sees: the same for all layers of a step.
public final class SlotPlaces {
  /// int64 `[slots]`: the position of each new row.
  public let positions: Tensor
  private let columns: Int
  /// The rows of all heads' memory, `[slots * kvHeads]`.
  private let index: Tensor
  private var masks: [Int: Tensor] = [:]

  /// Places of one step.
  ///
  /// - Parameters:
  ///   - beginnings: int64 `[slots, kvHeads]`: the row of position 0 of each slot and head, where all of a store are rows.
  ///   - columns: how far any row sees, counted from the beginning; more than every position.
  public init(positions: Tensor, beginnings: Tensor, columns: Int) throws(TensorError) {
    self.positions = positions
    self.columns = columns
    index = try (beginnings + positions.unsqueezed(1)).reshaped([-1])
  }

  func put(_ keys: Tensor, _ values: Tensor, in store: SlotStore) throws(TensorError) {
    let width = keys.size(2)
    try store.keys.reshaped([-1, width]).put(keys.reshaped([-1, width]), at: index)
    try store.values.reshaped([-1, width]).put(values.reshaped([-1, width]), at: index)
  }

  func seen(of store: SlotStore) throws(TensorError) -> (keys: Tensor, values: Tensor) {
    (try store.keys.narrowed(2, 0..<columns), try store.values.narrowed(2, 0..<columns))
  }

  func mask(window: Int?, _ dtype: DType) throws(TensorError) -> Tensor {
    if let mask = masks[window ?? 0] { return mask }
    let mask = try Tensor.reachMask(at: positions, columns: columns, window: window, dtype: dtype)
    masks[window ?? 0] = mask
    return mask
  }
}
