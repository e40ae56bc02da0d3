import Diagnostics

/// The tensors of a checkpoint by their Hugging Face names, in the order of the files.
public struct TensorTable: Sendable, Sequence {
  /// The names in order.
  public let names: [String]
  private let byName: [String: StoredTensor]
  private let source: String

  /// - Precondition: no name stands twice.
  init(_ tensors: [StoredTensor], source: String) {
    names = tensors.map(\.name)
    byName = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    self.source = source
  }

  /// Number of tensors.
  public var count: Int { names.count }

  /// The tensor of that name, if there is one.
  public subscript(name: String) -> StoredTensor? { byName[name] }

  /// The tensor of that name.
  ///
  /// - Throws: ``CheckpointError/missingTensor(name:source:nearest:)``.
  public func tensor(_ name: String) throws(CheckpointError) -> StoredTensor {
    guard let tensor = byName[name] else {
      throw .missingTensor(name: name, source: source, nearest: NearestName.closest(to: name, in: names))
    }
    return tensor
  }

  public func makeIterator() -> some IteratorProtocol<StoredTensor> {
    names.lazy.compactMap { byName[$0] }.makeIterator()
  }
}
