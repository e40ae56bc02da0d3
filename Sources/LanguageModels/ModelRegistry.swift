public import Checkpoints
import JSON
public import Tensors

/// The architectures that can be built, by the `model_type` they read.
///
/// A value, so that a library user can add an architecture of their own.
public struct ModelRegistry: Sendable {
  private var architectures: [String: any LanguageModel.Type] = [:]

  /// Every architecture of this package.
  public static var standard: ModelRegistry {
    var registry = ModelRegistry()
    registry.add(Llama.self)
    return registry
  }

  /// A registry that knows no architecture; ``standard`` knows those of this package.
  public init() {}

  /// Adds an architecture under all its ``LanguageModel/modelTypes``; the latest wins a name.
  public mutating func add(_ architecture: any LanguageModel.Type) {
    for type in architecture.modelTypes { architectures[type] = architecture }
  }

  /// The `model_type` values that can be read, in order.
  public var modelTypes: [String] { architectures.keys.sorted() }

  /// Builds the model of an open checkpoint.
  ///
  /// - Parameter progress: called with the fraction of weights read so far.
  public func model(
    from checkpoint: Checkpoint, on device: Device = .cpu, dtype: DType = .float32,
    progress: @escaping (Double) -> Void = { _ in }
  ) throws -> any LanguageModel {
    let type = try checkpoint.configuration.string("model_type")
    guard let architecture = architectures[type] else {
      throw ModelError.unknownArchitecture(name: type, source: checkpoint.source, known: modelTypes)
    }
    let loader = WeightLoader(checkpoint: checkpoint, device: device, dtype: dtype, progress: progress)
    return try architecture.init(configuration: checkpoint.configuration, weights: loader)
  }
}
