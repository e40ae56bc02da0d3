public import Tensors

/// The elementwise functions that model configurations and interventions name, by their Hugging Face names.
public enum Activation: String, Sendable, CaseIterable, Codable {
  /// `x`, `max(x, 0)`, `x sigmoid(x)`, the exact GELU `x Phi(x)`, `tanh(x)`, `1 / (1 + e^-x)`.
  case linear, relu, silu, gelu, tanh, sigmoid
  /// GELU in its tanh approximation (arXiv 1606.08415).
  case geluTanh = "gelu_pytorch_tanh"

  /// Applies the function to every element; `linear` hands its argument back.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    switch self {
    case .linear: x
    case .relu: try x.relu()
    case .silu: try x.silu()
    case .gelu: try x.gelu()
    case .geluTanh: try x.gelu(approximate: true)
    case .tanh: try x.tanh()
    case .sigmoid: try x.sigmoid()
    }
  }

  /// `f(gate) * up`, as gated networks have it.
  public func gated(_ gate: Tensor, _ up: Tensor) throws(TensorError) -> Tensor {
    switch self {
    case .silu: try gate.gated(up, by: .silu)
    case .geluTanh: try gate.gated(up, by: .geluTanh)
    default: try self(gate) * up
    }
  }
}
