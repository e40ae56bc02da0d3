public import Tensors

/// An edit that changes nothing and keeps what it saw.
public final class Recorder: ActivationEdit {
  /// The activations of each call, in order.
  public private(set) var activations: [Tensor] = []

  public var isRepeatable: Bool { false }

  /// A recorder that has seen nothing yet.
  public init() {}

  public func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    activations.append(activation)
    return activation
  }
}
