public import Tensors

/// A tensor with the name it has in a file, such as `weight`.
public struct NamedTensor {
  public let name: String
  public let tensor: Tensor

  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}
