public import Tensors

/// The tensors of one intervention as they came from a file, taken out by name and checked for shape and sanity.
public final class SavedTensors {
  private var tensors: [String: Tensor]
  private let device: Device
  /// The file and the intervention in it, for errors.
  public let source: String

  /// The tensors of one intervention; of two with one name, the latter counts.
  ///
  /// - Parameter device: where the taken tensors go.
  public init(_ tensors: [NamedTensor], device: Device = .cpu, source: String) {
    self.tensors = Dictionary(tensors.map { ($0.name, $0.tensor) }) { $1 }
    self.device = device
    self.source = source
  }

  /// Whether a tensor of this name is there and not yet taken.
  public func has(_ name: String) -> Bool { tensors[name] != nil }

  /// Takes one tensor.
  ///
  /// - Throws: ``AdapterError`` when it is missing, of another shape, or holds a number that is not finite.
  public func take(_ name: String, _ shape: [Int]) throws -> Tensor {
    guard let tensor = tensors.removeValue(forKey: name) else {
      throw AdapterError.missingTensor(name: name, source: source, found: tensors.keys.sorted())
    }
    guard tensor.shape == shape else {
      throw AdapterError.tensorShape(name: name, expected: shape, got: tensor.shape, source: source)
    }
    guard try tensor.isFinite() else { throw AdapterError.notFinite(name: name, source: source) }
    // A copy: parameters are written in place, a mapped file is not.
    return try tensor.moved(to: device).converted(to: .float32).cloned()
  }

  /// Refuses tensors that nobody took.
  public func finish() throws {
    guard tensors.isEmpty else {
      throw AdapterError.leftoverTensors(names: tensors.keys.sorted(), source: source)
    }
  }
}
