import LanguageModels
import Tensors

extension Projection {
  /// Weight and bias of the map that adds o `[out]` to what this one writes: `W x + (c + o)`, c where it has a bias.
  func adding(_ offset: Tensor) throws(TensorError) -> (weight: Tensor, bias: Tensor?) {
    guard let bias else { return (try weight, offset) }
    return (try weight, try bias + offset)
  }
}
