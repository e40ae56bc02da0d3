public import Tensors

/// Keys and values of several growing sequences in one layer, in memory of a fixed shape: a slot for each sequence.
public final class SlotStore {
  /// `[slots, kvHeads, capacity, headDim]`.
  let keys, values: Tensor

  /// Empty slots. They hold zeros, for what nobody sees is multiplied by nothing all the same.
  public init(slots: Int, kvHeads: Int, capacity: Int, headDim: Int, dtype: DType, on device: Device)
    throws(TensorError)
  {
    let shape = [slots, kvHeads, capacity, headDim]
    keys = try Tensor.zeros(shape, dtype: dtype, on: device)
    values = try Tensor.zeros(shape, dtype: dtype, on: device)
  }

  /// Takes over what is held of a sequence.
  public func take(_ store: KeyValueStore, into slot: Int) throws(TensorError) {
    guard let rows = try store.all() else { return }
    let columns = store.forgotten..<store.forgotten + store.held
    try keys.narrowed(0, slot..<slot + 1).narrowed(2, columns).assign(rows.keys)
    try values.narrowed(0, slot..<slot + 1).narrowed(2, columns).assign(rows.values)
  }

  /// Takes over all that a smaller store holds.
  public func take(_ smaller: SlotStore) throws(TensorError) {
    let columns = 0..<smaller.keys.size(2)
    try keys.narrowed(2, columns).assign(smaller.keys)
    try values.narrowed(2, columns).assign(smaller.values)
  }
}

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

  fileprivate func put(_ keys: Tensor, _ values: Tensor, in store: SlotStore) throws(TensorError) {
    let width = keys.size(2)
    try store.keys.reshaped([-1, width]).put(keys.reshaped([-1, width]), at: index)
    try store.values.reshaped([-1, width]).put(values.reshaped([-1, width]), at: index)
  }

  fileprivate func seen(of store: SlotStore) throws(TensorError) -> (keys: Tensor, values: Tensor) {
    (try store.keys.narrowed(2, 0..<columns), try store.values.narrowed(2, 0..<columns))
  }

  fileprivate func mask(window: Int?, _ dtype: DType) throws(TensorError) -> Tensor {
    if let mask = masks[window ?? 0] { return mask }
    let mask = try Tensor.reachMask(at: positions, columns: columns, window: window, dtype: dtype)
    masks[window ?? 0] = mask
    return mask
  }
}

extension PackedAttention {
  /// Whether sequences can grow in memory of a fixed shape.
  public var takesSlots: Bool { softcap == nil && reach != .everything }

  /// One new row of every slot, whose keys and values are first put there; the host knows nothing of their positions.
  ///
  /// - Parameters:
  ///   - q: `[slots, heads, headDim]`; `k`, `v`: `[slots, kvHeads, headDim]`, rotated already.
  /// - Returns: `[slots, heads, headDim]`.
  public func callAsFunction(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, in store: SlotStore, at places: SlotPlaces
  ) throws(TensorError) -> Tensor {
    precondition(takesSlots, "slots where takesSlots says no")
    try places.put(k, v, in: store)
    let seen = try places.seen(of: store)
    let window: Int? = if case .window(let width) = reach { width } else { nil }
    // The query heads that share a key head are its queries, so that no key is repeated.
    let grouped = try q.reshaped([q.size(0), k.size(1), q.size(1) / k.size(1), q.size(2)])
    let z = try Tensor.attention(
      query: grouped, key: seen.keys, value: seen.values, mask: places.mask(window: window, q.dtype), causal: false,
      scale: scale)
    return try z.reshaped([q.size(0), q.size(1), q.size(2)])
  }
}
