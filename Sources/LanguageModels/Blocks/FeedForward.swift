import Layers
import Tensors

/// The part of a block that treats every row by itself.
protocol FeedForward {
  /// `m [rows, d]`, normed, to the network's contribution `[rows, d]`.
  func callAsFunction(_ m: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor

  /// The projection that reads the hidden layer.
  var down: StoredLinear { get }
  /// The projections one by one, the last one included.
  var parts: [StoredLinear] { get }
  /// The projections of which the checkpoint makes one tensor.
  var fusedParts: (whole: StoredName, parts: [StoredLinear])? { get }
}

extension FeedForward {
  var fusedParts: (whole: StoredName, parts: [StoredLinear])? { nil }

  /// The projections as the checkpoint has them.
  var stored: [StoredName] { fusedParts.map { [$0.whole, down.name] } ?? parts.map(\.name) }
}

/// `down(activation(gate m) * up m)` (GLU variants, arXiv 2002.05202).
struct GatedMLP: FeedForward {
  let gate, up, down: StoredLinear
  /// The one tensor of the checkpoint of which gate and up are parts, where it is one.
  var fused: StoredName?
  let activation: Activation

  func callAsFunction(_ m: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let u = try pass.tap(activation(gate(m)) * up(m), at: .mlpActivation, from: m)
    return try pass.tap(down(u), at: .mlpOutput, from: u)
  }

  var parts: [StoredLinear] { [gate, up, down] }
  var fusedParts: (whole: StoredName, parts: [StoredLinear])? { fused.map { ($0, [gate, up]) } }
}

extension GatedMLP {
  /// Three matrices under the names of Llama: `gate_proj`, `up_proj`, `down_proj`.
  init(_ weights: WeightScope, _ shape: ModelShape, bias: Bool, activation: Activation) {
    let (d, wide) = (shape.hidden, shape.intermediate)
    self.init(
      gate: weights.linear("gate_proj", wide, d, bias: bias), up: weights.linear("up_proj", wide, d, bias: bias),
      down: weights.linear("down_proj", d, wide, bias: bias), activation: activation)
  }
}

/// `down(activation(up m))`.
struct PlainMLP: FeedForward {
  let up, down: StoredLinear
  let activation: Activation

  func callAsFunction(_ m: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let u = try pass.tap(activation(up(m)), at: .mlpActivation, from: m)
    return try pass.tap(down(u), at: .mlpOutput, from: u)
  }

  var parts: [StoredLinear] { [up, down] }
}
