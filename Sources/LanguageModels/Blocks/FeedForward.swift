import Layers
import Tensors

/// The part of a block that treats every row by itself.
protocol FeedForward {
  /// `m [rows, d]`, normed, to the network's contribution `[rows, d]`.
  func callAsFunction(_ m: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor

  /// The projections by the components they write; any of them may be replaced.
  var projections: [(component: Component, map: StoredLinear)] { get }
  /// The one tensor of the checkpoint that holds some of the projections, where it is one.
  var fused: FusedLinear? { get }
  /// The same network with another projection there.
  func replacing(_ component: Component, by map: StoredLinear) -> any FeedForward
}

/// `down(activation(gate m) * up m)` (GLU variants, arXiv 2002.05202).
struct GatedMLP: FeedForward {
  var gate, up, down: StoredLinear
  var fused: FusedLinear?
  let activation: Activation

  func callAsFunction(_ m: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let maps = try Linear.together([gate.map, up.map], m)
    let g = try pass.tap(maps[0], at: .mlpGate, from: m)
    let u = try pass.tap(activation.gated(g, pass.tap(maps[1], at: .mlpUp, from: m)), at: .mlpActivation)
    return try pass.tap(down(u), at: .mlpOutput, from: u)
  }

  var projections: [(component: Component, map: StoredLinear)] { [(.mlpGate, gate), (.mlpUp, up), (.mlpOutput, down)] }

  func replacing(_ component: Component, by map: StoredLinear) -> any FeedForward {
    var copy = self
    switch component {
    case .mlpGate: copy.gate = map
    case .mlpUp: copy.up = map
    default: copy.down = map
    }
    return copy
  }
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
  var up, down: StoredLinear
  var fused: FusedLinear? { nil }
  let activation: Activation

  func callAsFunction(_ m: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let u = try pass.tap(activation(pass.tap(up(m), at: .mlpUp, from: m)), at: .mlpActivation)
    return try pass.tap(down(u), at: .mlpOutput, from: u)
  }

  var projections: [(component: Component, map: StoredLinear)] { [(.mlpUp, up), (.mlpOutput, down)] }

  func replacing(_ component: Component, by map: StoredLinear) -> any FeedForward {
    var copy = self
    if component == .mlpUp { copy.up = map } else { copy.down = map }
    return copy
  }
}
