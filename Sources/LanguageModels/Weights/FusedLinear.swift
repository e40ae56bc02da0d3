import Layers
import Tensors

/// One linear map of the checkpoint whose outputs are those of several projections.
struct FusedLinear {
  /// How the outputs of the parts lie.
  enum Layout {
    /// All of the first part, then all of the next (GPT-2, Phi-3).
    case oneAfterTheOther
    /// The first head of every part, then the second (GPT-NeoX).
    case headByHead(heads: Int)
  }

  let path: String
  /// The projections that the outputs belong to, in order.
  let components: [Component]
  var layout = Layout.oneAfterTheOther
  /// Whether the file holds `[in, out]`.
  var isTransposed = false

  /// What the checkpoint calls the whole, with a bias where a part has one.
  func name(of parts: [StoredLinear]) -> StoredName {
    StoredName(
      path: path, outputs: parts.reduce(0) { $0 + $1.map.matrix.outputs },
      hasBias: parts.contains { $0.map.bias != nil })
  }

  /// The whole of its parts, as the checkpoint holds it.
  func joined(_ parts: [StoredLinear]) throws(TensorError) -> (weight: Tensor, bias: Tensor?) {
    var (weights, biases): ([Tensor], [Tensor]) = ([], [])
    for part in parts {
      let weight = try part.map.matrix.tensor()
      weights.append(weight)
      let bias = if let bias = part.map.bias { bias } else { try Tensor.zeros([weight.size(0)], on: weight.device) }
      biases.append(bias)
    }
    let weight = try joined(weights)
    let bias = parts.contains { $0.map.bias != nil } ? try joined(biases) : nil
    return (isTransposed ? try weight.transposed().contiguous() : weight, bias)
  }

  private func joined(_ parts: [Tensor]) throws(TensorError) -> Tensor {
    switch layout {
    case .oneAfterTheOther: return try Tensor.concatenated(parts, along: 0)
    case .headByHead(let heads):
      var turns: [Tensor] = []
      for part in parts { turns.append(try part.reshaped([heads, part.size(0) / heads] + part.shape.dropFirst())) }
      let whole = try Tensor.concatenated(turns, along: 1)
      return try whole.reshaped([-1] + whole.shape.dropFirst(2))
    }
  }
}
