import CTorchShim

/// Where a tensor's memory lies and its operations run.
public enum Device: Sendable, Hashable, CustomStringConvertible {
  /// The memory and the cores of the machine.
  case cpu
  /// An NVIDIA GPU by its index, counted from 0 among those that this process sees.
  case cuda(Int)

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }

  var native: ReftDevice {
    switch self {
    case .cpu: ReftDevice(kind: REFT_CPU, index: 0)
    case .cuda(let index): ReftDevice(kind: REFT_CUDA, index: Int32(index))
    }
  }

  init(native: ReftDevice) {
    self = native.kind == REFT_CUDA ? .cuda(Int(native.index)) : .cpu
  }
}

extension Device {
  /// Turns a user's word into a device that is really there.
  ///
  /// - Parameter choice: `cpu`, `cuda` (the first GPU), `cuda:1`, or `auto` (the first GPU if there is one, else the CPU).
  /// - Throws: ``TensorError/device(requested:reason:)`` for an unknown word and for a GPU that is not there.
  public static func resolve(_ choice: String) throws(TensorError) -> Device {
    switch choice {
    case "cpu": return .cpu
    case "auto": return Engine.cuda.isUsable ? .cuda(0) : .cpu
    case "cuda": return try gpu(0, requested: choice)
    default:
      guard choice.hasPrefix("cuda:"), let index = Int(choice.dropFirst(5)), index >= 0 else {
        throw .device(requested: choice, reason: "expected cpu, cuda, cuda:N or auto")
      }
      return try gpu(index, requested: choice)
    }
  }

  private static func gpu(_ index: Int, requested: String) throws(TensorError) -> Device {
    switch Engine.cuda {
    case .absent(let reason): throw .device(requested: requested, reason: reason)
    case .present(let count) where index < count: return .cuda(index)
    case .present(let count): throw .device(requested: requested, reason: "this machine has \(count) CUDA device(s)")
    }
  }
}
