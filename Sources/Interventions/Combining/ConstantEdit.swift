import LanguageModels
import Tensors

/// A method whose edit can be one vector added to the activation: `Phi(h) = h + c`.
public protocol ConstantEdit: Intervention {
  /// Whether it is one with these settings.
  var isConstant: Bool { get }
}

extension ConstantEdit {
  /// c over the whole row of a site, `[width]`: what the edit makes of nothing.
  func constant(at target: Target) throws(TensorError) -> Tensor {
    let shape = target.site.component.isPerHead ? [1, target.shape.heads, target.shape.headDim] : [1, target.width]
    let nothing = try Tensor.zeros(shape, on: target.device)
    let edit = try edit(.inference)
    return try edit(nothing, from: nil).reshaped([target.width]).detached()
  }
}
