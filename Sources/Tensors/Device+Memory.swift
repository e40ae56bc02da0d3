import CTorchShim

/// The memory of a GPU, in bytes.
public struct DeviceMemory: Sendable, Equatable {
  /// What nobody has taken.
  public let free: Int
  /// All of it.
  public let total: Int
  /// The most that tensors of this process took at one time.
  public let peak: Int
}

extension Device {
  /// The memory of a GPU as it is now.
  ///
  /// - Throws: ``TensorError`` for the CPU, and for a GPU that cannot be asked.
  public func memory() throws(TensorError) -> DeviceMemory {
    var memory = ReftMemory()
    guard reft_device_memory(native, &memory) == REFT_OK else { throw failure("memory", []) }
    return DeviceMemory(free: Int(memory.free), total: Int(memory.total), peak: Int(memory.peak))
  }
}
