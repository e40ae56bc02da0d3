public import Tensors

/// Keys and values of one sequence in one layer, grown in place so that a decoding step copies one row and no more.
public final class KeyValueStore {
  /// Rows that are filled.
  public private(set) var count = 0
  private var keys: Tensor?
  private var values: Tensor?
  private var capacity = 0

  /// An empty store; its memory is taken at the first append.
  ///
  /// - Parameter capacity: rows to make room for at first; grows by doubling. Changes no result: 64 is a short prompt.
  public init(capacity: Int = 64) {
    self.capacity = max(1, capacity)
  }

  /// Appends rows `[n, kvHeads, headDim]` and returns all keys and values so far, `[1, kvHeads, count, headDim]`.
  public func append(keys newKeys: Tensor, values newValues: Tensor) throws(TensorError) -> (Tensor, Tensor) {
    let added = newKeys.size(0)
    try makeRoom(for: count + added, like: newKeys)
    guard let keys, let values else { preconditionFailure("room was just made") }
    try keys.narrowed(2, count..<count + added).assign(newKeys.transposed(0, 1).unsqueezed(0))
    try values.narrowed(2, count..<count + added).assign(newValues.transposed(0, 1).unsqueezed(0))
    count += added
    return (try keys.narrowed(2, 0..<count), try values.narrowed(2, 0..<count))
  }

  private func makeRoom(for rows: Int, like sample: Tensor) throws(TensorError) {
    if keys != nil, rows <= capacity { return }
    while capacity < rows { capacity *= 2 }
    let shape = [1, sample.size(1), capacity, sample.size(2)]
    let grown = (
      keys: try Tensor.zeros(shape, dtype: sample.dtype, on: sample.device),
      values: try Tensor.zeros(shape, dtype: sample.dtype, on: sample.device)
    )
    if let keys, let values, count > 0 {
      try grown.keys.narrowed(2, 0..<count).assign(keys.narrowed(2, 0..<count))
      try grown.values.narrowed(2, 0..<count).assign(values.narrowed(2, 0..<count))
    }
    (keys, values) = (grown.keys, grown.values)
  }
}
