import Layers
public import Tensors

/// Growing sequences in memory of a fixed shape, every layer: a slot for each.
///
/// A step over all slots has the same shapes and the same addresses whatever is in them, so that a GPU can be given it as one recorded
/// piece (``Tensors/RepeatedWork``). A slot without a sequence computes something all the same, which nobody asks for.
public final class DecodingSlots {
  /// Number of slots.
  public let count: Int
  /// Tokens that a slot has room for.
  public let capacity: Int
  private let shape: ModelShape
  private let dtype: DType
  private let device: Device
  private let stores: [SlotStore]
  /// int64 `[2, slots]`: the token that each slot reads next, and its position.
  private let input: Tensor
  private let beginnings: Tensor
  private var frequencies: [ObjectIdentifier: Tensor] = [:]

  /// Empty slots for the sequences of a model.
  public convenience init(_ model: any LanguageModel, count: Int, capacity: Int) throws(TensorError) {
    try self.init(
      count: count, capacity: capacity, shape: model.shape, dtype: model.embeddingTable.dtype, device: model.device)
  }

  private init(count: Int, capacity: Int, shape: ModelShape, dtype: DType, device: Device) throws(TensorError) {
    (self.count, self.capacity, self.shape, self.dtype, self.device) = (count, capacity, shape, dtype, device)
    var stores: [SlotStore] = []
    for _ in 0..<shape.layers {
      stores.append(
        try SlotStore(
          slots: count, kvHeads: shape.kvHeads, capacity: capacity, headDim: shape.headDim, dtype: dtype, on: device))
    }
    self.stores = stores
    input = try Tensor.zeros([2, count], dtype: .int64, on: device)
    beginnings = try Tensor(
      (0..<count * shape.kvHeads).map { Int64($0 * capacity) }, shape: [count, shape.kvHeads], on: device)
  }

  /// Bytes that slots take.
  public static func bytes(_ model: any LanguageModel, count: Int, capacity: Int) -> Int {
    let shape = model.shape
    return 2 * shape.layers * count * shape.kvHeads * capacity * shape.headDim * model.embeddingTable.dtype.byteCount
  }

  /// Takes over a sequence from a cache.
  ///
  /// - Precondition: no virtual rows stand before it, and it is not longer than ``capacity``.
  public func take(_ sequence: Int, of cache: KVCache, into slot: Int) throws(TensorError) {
    for (layer, store) in stores.enumerated() { try store.take(cache.layer(layer)[sequence], into: slot) }
  }

  /// The same sequences with more room.
  public func enlarged(to capacity: Int) throws(TensorError) -> DecodingSlots {
    let larger = try DecodingSlots(count: count, capacity: capacity, shape: shape, dtype: dtype, device: device)
    for (new, old) in zip(larger.stores, stores) { try new.take(old) }
    return larger
  }

  /// Says what the next step reads: a token of every slot, at its position.
  public func read(tokens: [Int32], positions: [Int]) throws(TensorError) {
    precondition(tokens.count == count && positions.count == count, "a token and a position for each slot")
    precondition(positions.allSatisfy { $0 < capacity }, "a position beyond the slots")
    try input.assign(
      Tensor(tokens.map(Int64.init) + positions.map(Int64.init), shape: [2, count], on: device))
  }

  /// One step of all layers, made anew in each pass by operations of the device alone.
  func step(columns: Int) throws(TensorError) -> Step {
    let rows = try input.narrowed(0, 1..<2).reshaped([count])
    return Step(
      slots: self, tokens: try input.narrowed(0, 0..<1).reshaped([count]),
      places: try SlotPlaces(positions: rows, beginnings: beginnings, columns: columns))
  }

  /// What a pass over the slots knows of them.
  struct Step {
    fileprivate let slots: DecodingSlots
    /// int64 `[slots]`.
    let tokens: Tensor
    let places: SlotPlaces

    func attend(
      _ attention: PackedAttention, _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int
    ) throws(TensorError) -> Tensor {
      try attention(q, k, v, in: slots.stores[layer], at: places)
    }

    func angles(of rotary: RotaryEmbedding, as dtype: DType) throws(TensorError) -> RotaryEmbedding.Angles {
      try rotary.angles(at: places.positions, by: slots.table(of: rotary), as: dtype)
    }
  }

  private func table(of rotary: RotaryEmbedding) throws(TensorError) -> Tensor {
    if let table = frequencies[ObjectIdentifier(rotary)] { return table }
    let table = try rotary.frequencyTable(on: device)
    frequencies[ObjectIdentifier(rotary)] = table
    return table
  }
}
