public import Tensors

/// Tensors that the interventions of one adapter hold together.
public final class SharedTensors {
  private var tensors: [String: Tensor] = [:]

  /// None yet.
  public init() {}

  /// The tensor of this name; whoever asks first makes it.
  public func callAsFunction(_ name: String, _ make: () throws -> Tensor) rethrows -> Tensor {
    if let known = tensors[name] { return known }
    let made = try make()
    tensors[name] = made
    return made
  }
}
