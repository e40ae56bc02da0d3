import Checkpoints
import Diagnostics
public import Tensors

/// Turns stored tensors into weights: frozen, on one device, in one compute type; mapped without a copy where the file
/// holds them that way.
///
/// What is missing or misshapen is noted and reported all at once by ``finish()``.
public final class WeightLoader {
  private let table: TensorTable
  private let source: String
  private let device: Device
  private let dtype: DType
  private let progress: (Double) -> Void
  private let total: Int
  private var problems: [any Diagnostic] = []
  /// Elements of all weights taken so far.
  public private(set) var takenElements = 0

  init(checkpoint: Checkpoint, device: Device, dtype: DType, progress: @escaping (Double) -> Void) {
    table = checkpoint.tensors
    source = checkpoint.source
    self.device = device
    self.dtype = dtype
    self.progress = progress
    total = max(1, checkpoint.tensors.reduce(0) { $0 + $1.elementCount })
  }

  /// Whether the checkpoint has a tensor of this name.
  public func has(_ name: String) -> Bool { table[name] != nil }

  /// A weight by its Hugging Face name; an empty stand-in where it cannot be had, which ``finish()`` then reports.
  public func take(_ name: String, _ shape: [Int]) -> Tensor {
    do {
      guard let stored = table[name] else {
        throw ModelError.missingTensor(
          name: name, shape: shape, source: source, nearest: NearestName.closest(to: name, in: table.names))
      }
      guard stored.shape == shape else {
        throw ModelError.tensorShape(name: name, expected: shape, got: stored.shape, source: source)
      }
      let tensor = try stored.loaded()
      takenElements += stored.elementCount
      progress(min(1, Double(takenElements) / Double(total)))
      let converted = tensor.dtype == dtype ? tensor : try tensor.converted(to: dtype)
      return device == .cpu ? converted : try converted.moved(to: device)
    } catch {
      problems.append(error as? any Diagnostic ?? ModelError.inconsistent(problem: "\(error)", source: source))
      return emptyStandIn
    }
  }

  /// Throws everything that was wrong; call it last.
  public func finish() throws {
    if let group = DiagnosticGroup(problems) { throw group }
  }

  private var emptyStandIn: Tensor {
    do {
      return try Tensor.zeros([0])
    } catch {
      preconditionFailure("the engine cannot make an empty tensor: \(error)")
    }
  }
}

extension StoredTensor {
  /// The tensor as the engine sees it: mapped where the file holds plain floats, else decoded to float32.
  func loaded() throws -> Tensor {
    if let bytes = mappedBytes, let dtype = engineType {
      return try Tensor.mapping(bytes.pointer, shape: shape, dtype: dtype, owner: bytes.owner)
    }
    return try Tensor.filled(shape: shape) { buffer throws(CheckpointError) in try readFloats(into: buffer) }
  }

  private var engineType: DType? {
    switch storage {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float64: .float64
    default: nil
    }
  }
}
