public import Tensors

/// Keys and values of one sequence in one layer, grown in place so that a decoding step copies one row and no more.
public final class KeyValueStore {
  /// Rows of tokens that have come in, forgotten ones included.
  public private(set) var count = 0
  /// Rows that stand before those of the first token.
  public private(set) var virtual = 0
  /// Rows at the beginning that are no longer held.
  public private(set) var forgotten = 0
  private var keys: Tensor?
  private var values: Tensor?
  private var capacity = 0

  /// An empty store; its memory is taken at the first append.
  ///
  /// - Parameter capacity: rows to make room for at first; grows by doubling. Changes no result: 64 is a short prompt.
  public init(capacity: Int = 64) {
    self.capacity = max(1, capacity)
  }

  /// Rows that are held.
  public var held: Int { virtual + count - forgotten }

  /// Puts rows `[n, kvHeads, headDim]` before the first token's, which has not come in yet.
  public func prepend(keys newKeys: Tensor, values newValues: Tensor) throws(TensorError) {
    precondition(held == 0, "rows before the first token come first")
    _ = try append(keys: newKeys, values: newValues)
    (virtual, count) = (count, 0)
  }

  /// Makes room for one row more, which whoever asks writes, and counts it.
  ///
  /// - Parameter sample: rows `[n, kvHeads, headDim]` of the kind that is kept.
  /// - Returns: the memory of all keys and values, `[1, kvHeads, capacity, headDim]`, and the place of the row in it.
  func advance(like sample: Tensor) throws(TensorError) -> (keys: Tensor, values: Tensor, row: Int) {
    let row = held
    try makeRoom(for: row + 1, like: sample)
    guard let keys, let values else { preconditionFailure("room was just made") }
    count += 1
    return (keys, values, row)
  }

  /// Appends rows `[n, kvHeads, headDim]` and returns all keys and values held, `[1, kvHeads, held, headDim]`.
  public func append(keys newKeys: Tensor, values newValues: Tensor) throws(TensorError) -> (Tensor, Tensor) {
    let added = newKeys.size(0)
    try makeRoom(for: held + added, like: newKeys)
    guard let keys, let values else { preconditionFailure("room was just made") }
    try keys.narrowed(2, held..<held + added).assign(newKeys.transposed(0, 1).unsqueezed(0))
    try values.narrowed(2, held..<held + added).assign(newValues.transposed(0, 1).unsqueezed(0))
    count += added
    return try rows(of: keys, values)
  }

  /// All rows that are held, `[1, kvHeads, held, headDim]`; `nil` before the first.
  func all() throws(TensorError) -> (keys: Tensor, values: Tensor)? {
    guard let keys, let values else { return nil }
    return try rows(of: keys, values)
  }

  private func rows(of keys: Tensor, _ values: Tensor) throws(TensorError) -> (keys: Tensor, values: Tensor) {
    (try keys.narrowed(2, 0..<held), try values.narrowed(2, 0..<held))
  }

  /// Lets go of all but the last rows, so that memory stays bounded where nothing looks further back.
  ///
  /// Nothing moves before twice as many rows are held, so that a row costs one copy on average.
  public func forget(allBut kept: Int) throws(TensorError) {
    guard held > 2 * kept + 64, let oldKeys = keys, let oldValues = values else { return }
    let last = held - kept..<held
    capacity = 2 * kept + 128
    (keys, values) = (nil, nil)
    forgotten = virtual + count - kept
    try makeRoom(for: kept, like: oldKeys.narrowed(2, last).squeezed(0).transposed(0, 1))
    try keys?.narrowed(2, 0..<kept).assign(oldKeys.narrowed(2, last))
    try values?.narrowed(2, 0..<kept).assign(oldValues.narrowed(2, last))
  }

  private func makeRoom(for rows: Int, like sample: Tensor) throws(TensorError) {
    if keys != nil, rows <= capacity { return }
    while capacity < rows { capacity *= 2 }
    let shape = [1, sample.size(1), capacity, sample.size(2)]
    let grown = (
      keys: try Tensor.zeros(shape, dtype: sample.dtype, on: sample.device),
      values: try Tensor.zeros(shape, dtype: sample.dtype, on: sample.device)
    )
    if let keys, let values, held > 0 {
      try grown.keys.narrowed(2, 0..<held).assign(keys.narrowed(2, 0..<held))
      try grown.values.narrowed(2, 0..<held).assign(values.narrowed(2, 0..<held))
    }
    (keys, values) = (grown.keys, grown.values)
  }
}
