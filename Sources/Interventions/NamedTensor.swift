public import Tensors

/// A tensor with the name it has in a file, such as `weight`.
public struct NamedTensor {
  /// The name; within a file, what stands before its last dot is the ``Adapter/Part/key``.
  public let name: String
  /// The tensor itself, not a copy.
  public let tensor: Tensor

  /// Gives a tensor a name.
  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}
