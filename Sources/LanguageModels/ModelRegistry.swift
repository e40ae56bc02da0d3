public import Checkpoints
import JSON
public import Tensors

/// The architectures that can be built, by the `model_type` they read.
///
/// A value, so that a library user can add an architecture of their own.
public struct ModelRegistry: Sendable {
  /// The architectures in the order in which they were added.
  public private(set) var architectures: [any Architecture.Type] = []
  private var byType: [String: any Architecture.Type] = [:]

  /// Every architecture of this package.
  public static var standard: ModelRegistry {
    var registry = ModelRegistry()
    let all: [any Architecture.Type] = [
      Llama.self, Mistral.self, Qwen2.self, Qwen3.self, SmolLM3.self, Gemma.self, Gemma2.self, Gemma3.self, Phi3.self,
      GPT2.self, GPTNeoX.self, BERT.self, RoBERTa.self,
    ]
    for architecture in all { registry.add(architecture) }
    return registry
  }

  /// A registry that knows no architecture; ``standard`` knows those of this package.
  public init() {}

  /// Adds an architecture under all its ``Architecture/modelTypes``; the latest wins a name.
  public mutating func add(_ architecture: any Architecture.Type) {
    architectures.append(architecture)
    for type in architecture.modelTypes { byType[type] = architecture }
  }

  /// The `model_type` values that can be read, in order.
  public var modelTypes: [String] { byType.keys.sorted() }

  /// Builds the model of an open checkpoint.
  ///
  /// - Parameters:
  ///   - weights: how matrices are kept.
  ///   - progress: called with the fraction of weights read so far; what it throws ends the reading.
  public func model(
    from checkpoint: Checkpoint, on device: Device = .cpu, dtype: DType = .float32, weights: WeightForm = .plain,
    progress: @escaping (Double) throws -> Void = { _ in }
  ) throws -> any LanguageModel {
    try built(
      checkpoint, WeightLoader(checkpoint: checkpoint, device: device, dtype: dtype, form: weights, progress: progress))
  }

  /// The model of an open checkpoint without its weights: sizes, sites, projections by name, every tensor checked for its
  /// name, shape and kind, none read. It computes nothing of use.
  public func outline(of checkpoint: Checkpoint) throws -> any LanguageModel {
    try built(
      checkpoint,
      WeightLoader(checkpoint: checkpoint, device: .cpu, dtype: .float32, reads: false, progress: { _ in }))
  }

  private func built(_ checkpoint: Checkpoint, _ weights: WeightLoader) throws -> any LanguageModel {
    try architecture(of: checkpoint).model(checkpoint.configuration.withRopeParametersSpread(), weights)
  }

  /// The architecture that reads the checkpoint's `model_type`.
  ///
  /// - Throws: ``ModelError/unknownArchitecture(name:kind:source:known:)``, or ``ModelError/quantized(method:sign:source:)``
  ///   where the weights are packed in a way that is not read.
  public func architecture(of checkpoint: Checkpoint) throws -> any Architecture.Type {
    let type = try checkpoint.configuration.string("model_type")
    guard let architecture = byType[type] else {
      throw ModelError.unknownArchitecture(
        name: type, kind: ForeignModels.kind(of: type), source: checkpoint.source, known: modelTypes)
    }
    if let method = try ForeignModels.quantization(checkpoint.configuration) {
      throw ModelError.quantized(
        method: method, sign: "'quantization_config'", source: checkpoint.configuration.source)
    }
    if let (method, tensor) = ForeignModels.packing(checkpoint.tensors.names) {
      throw ModelError.quantized(method: method, sign: "the tensor '\(tensor)'", source: checkpoint.source)
    }
    return architecture
  }
}
