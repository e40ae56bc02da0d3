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
