public import Checkpoints
public import LanguageModels
public import Tensors

extension Adapter {
  /// Writes `adapter.json` and `adapter.safetensors`, in one step.
  ///
  /// - Parameter texts: further files, such as metrics, by name.
  /// - Throws: ``Checkpoints/CheckpointError`` where the folder cannot be written; an existing one needs `overwrite`.
  public func save(
    to path: String, _ description: AdapterDescription, texts: [(name: String, text: String)] = [],
    overwrite: Bool = false
  ) throws {
    try AdapterFolder.write(
      to: path, configuration: description.json, tensors: saved().map { try $0.writable() }, texts: texts,
      overwrite: overwrite)
  }

  /// Opens an adapter folder for a model.
  ///
  /// - Parameter checkingWeights: whether the base weights must be the very ones it was trained on, not only of the same
  ///   shape.
  /// - Throws: ``AdapterError/otherModel(difference:source:)`` and whatever is wrong with the files.
  public static func load(
    _ path: String, for model: any LanguageModel, base: BaseModel, registry: InterventionRegistry = .standard,
    checkingWeights: Bool = true
  ) throws -> (adapter: Adapter, description: AdapterDescription) {
    let folder = try AdapterFolder(opening: path)
    let description = try AdapterDescription(folder.configuration)
    if let difference = description.base.difference(to: base, checkingWeights: checkingWeights) {
      throw AdapterError.otherModel(difference: difference, source: path)
    }
    let adapter = try Adapter(
      description.plan, of: registry.method(description.plan.method), for: model,
      restoring: folder.tensors.map { NamedTensor($0.name, try Tensor(reading: $0)) }, source: path)
    return (adapter, description)
  }
}

extension NamedTensor {
  /// The tensor in float32 for a safetensors file.
  public func writable() throws -> WritableTensor {
    WritableTensor(name: name, shape: tensor.shape, floats: try tensor.values(as: Float.self))
  }
}

extension Tensor {
  /// A stored tensor decoded to float32.
  public convenience init(reading stored: StoredTensor) throws {
    try self.init(stored.floats(), shape: stored.shape)
  }
}
