import CTorchShim

/// A stream of random numbers with a seed; always an argument, never global.
///
/// It is the engine's generator (Mersenne Twister on the CPU), so that the same seed gives the numbers that
/// `torch.Generator().manual_seed(seed)` gives.
public final class RandomSource {
  private let handle: OpaquePointer
  /// Where the numbers are drawn, and where the tensors of ``normal(_:mean:deviation:)`` and the like lie.
  public let device: Device

  /// A stream that begins at this seed; the same seed gives other numbers on a CPU than on a GPU.
  public init(seed: UInt64, on device: Device = .cpu) throws(TensorError) {
    var out: OpaquePointer?
    guard reft_generator_make(seed, device.native, &out) == REFT_OK, let out else { throw failure("random source", []) }
    handle = out
    self.device = device
  }

  deinit { reft_generator_release(handle) }

  /// Independent draws from N(mean, deviation^2).
  public func normal(_ shape: [Int], mean: Double = 0, deviation: Double = 1) throws(TensorError) -> Tensor {
    try perform("normal", []) {
      reft_normal(handle, shape.native, Int32(shape.count), mean, deviation, device.native, $0)
    }
  }

  /// Independent draws, uniform in `range`.
  public func uniform(_ shape: [Int], in range: Range<Double>) throws(TensorError) -> Tensor {
    try perform("uniform", []) {
      reft_uniform(handle, shape.native, Int32(shape.count), range.lowerBound, range.upperBound, device.native, $0)
    }
  }

  /// Independent draws: one with `probability`, else zero; float32.
  public func bernoulli(_ shape: [Int], probability: Double) throws(TensorError) -> Tensor {
    try perform("bernoulli", []) {
      reft_bernoulli(handle, shape.native, Int32(shape.count), probability, device.native, $0)
    }
  }

  /// A random order of `0..<count`.
  public func permutation(_ count: Int) throws(TensorError) -> [Int] {
    try perform("permutation", []) { reft_permutation(handle, Int64(count), $0) }.values(as: Int64.self).map(Int.init)
  }

  /// The whole state as bytes, to go on later where this stream stands now.
  public func state() throws(TensorError) -> [UInt8] {
    try perform("random state", []) { reft_generator_state(handle, $0) }.values()
  }

  /// Puts the stream back to a saved state.
  public func restore(state: [UInt8]) throws(TensorError) {
    let bytes = try Tensor(state)
    try perform("restore random state", [bytes]) { reft_generator_set_state(handle, bytes.handle) }
  }
}
