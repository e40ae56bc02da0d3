public import Tensors

/// The elementwise functions that model configurations and interventions name, by their Hugging Face names.
public enum Activation: String, Sendable, CaseIterable, Codable {
  case linear, relu, silu, gelu, tanh, sigmoid
  case geluTanh = "gelu_pytorch_tanh"

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
}
