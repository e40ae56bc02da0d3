#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Memory for many float32 tensors at once, cut off from the front.
///
/// A model's weights taken from one piece lie on huge pages whatever their sizes, where the system has them, and tensors that are taken
/// one after the other lie side by side. A tensor that is let go of gives its memory back; the piece goes with the last one.
public final class FloatArena {
  private let storage: FloatStorage
  private var used = 0

  /// Room for tensors of these shapes, each of which will be taken once.
  public init(for shapes: some Sequence<[Int]>) {
    storage = FloatStorage(count: shapes.reduce(0) { $0 + Self.room($1.reduce(1, *)) })
  }

  /// Elements between the beginnings of two tensors: whole lines of cache, as the engine's vector kernels like them.
  private static func room(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// A tensor whose elements are written once by `fill`, which gets memory of unknown content.
  ///
  /// What does not fit any more gets memory of its own.
  public func tensor<E: Error>(
    shape: [Int], filledBy fill: (UnsafeMutableBufferPointer<Float>) throws(E) -> Void
  ) throws -> Tensor {
    let count = shape.reduce(1, *)
    guard used + Self.room(count) <= storage.buffer.count else { return try Tensor.filled(shape: shape, by: fill) }
    let start = storage.buffer.baseAddress.unsafelyUnwrapped + used
    used += Self.room(count)
    let share = Share(storage: storage, memory: UnsafeMutableBufferPointer(start: start, count: count))
    try fill(share.memory)
    return try Tensor.mapping(UnsafeRawPointer(start), shape: shape, dtype: .float32, owner: share)
  }

  /// What one tensor holds of the arena.
  private final class Share {
    let storage: FloatStorage
    let memory: UnsafeMutableBufferPointer<Float>

    init(storage: FloatStorage, memory: UnsafeMutableBufferPointer<Float>) {
      self.storage = storage
      self.memory = memory
    }

    deinit { storage.giveBack(memory) }
  }
}
