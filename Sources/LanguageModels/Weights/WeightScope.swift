import Layers
import Tensors

/// The weights below one prefix of the checkpoint's names.
struct WeightScope {
  let loader: WeightLoader
  let prefix: String

  /// The weights below a longer prefix.
  func callAsFunction(_ more: String) -> WeightScope { WeightScope(loader: loader, prefix: prefix + more) }

  func has(_ name: String) -> Bool { loader.has(prefix + name) }
  func take(_ name: String, _ shape: [Int]) -> Tensor { loader.take(prefix + name, shape) }
  func matrix(_ name: String, _ outputs: Int, _ inputs: Int) -> WeightMatrix {
    loader.matrix(prefix + name, outputs, inputs)
  }

  /// `name.weight [out, in]` and, where there is one, `name.bias [out]`.
  func linear(_ name: String, _ output: Int, _ input: Int, bias: Bool) -> StoredLinear {
    StoredLinear(
      path: prefix + name,
      map: Linear(matrix(name + ".weight", output, input), bias: bias ? take(name + ".bias", [output]) : nil))
  }

  /// GPT-2's `Conv1D`: the same map stored as `[in, out]`, seen turned without a copy.
  func conv1D(_ name: String, _ output: Int, _ input: Int) throws(TensorError) -> StoredLinear {
    StoredLinear(
      path: prefix + name,
      map: Linear(
        weight: try take(name + ".weight", [input, output]).transposed(), bias: take(name + ".bias", [output])),
      isTransposed: true)
  }

  /// `name.weight [d]`, to which Gemma adds one.
  func rmsNorm(_ name: String, _ width: Int, epsilon: Double, plus offset: Double = 0) throws(TensorError) -> RMSNorm {
    let weight = take(name + ".weight", [width])
    return RMSNorm(weight: offset == 0 ? weight : try weight + offset, epsilon: epsilon)
  }

  /// `name.weight [d]` and `name.bias [d]`, which the oldest BERT checkpoints call gamma and beta.
  func layerNorm(_ name: String, _ width: Int, epsilon: Double) -> LayerNorm {
    let (weight, bias) = has(name + ".gamma") ? (".gamma", ".beta") : (".weight", ".bias")
    return LayerNorm(weight: take(name + weight, [width]), bias: take(name + bias, [width]), epsilon: epsilon)
  }
}
