public import Tensors

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
    // The query heads that share a key head are its queries, so that no key is repeated.
    let grouped = try q.reshaped([q.size(0), k.size(1), q.size(1) / k.size(1), q.size(2)])
    let z = try Tensor.attention(
      query: grouped, key: seen.keys, value: seen.values, mask: places.mask(window: window, q.dtype), causal: false,
      scale: scale)
    return try z.reshaped([q.size(0), q.size(1), q.size(2)])
  }
}
