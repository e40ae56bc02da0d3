#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif
public import JSON
public import LanguageModels
public import Tensors

/// Joint localisation and editing: `z_i <- (1 + g_i m_i) * z_i + q_i a_i` on the output of attention head i, at every position,
/// with gates g_i, q_i in 0...1 that choose heads, and between scaling and moving them, while m and a are trained.
///
/// `z [rows, heads, headDim]` before the output projection; `m_i`, `a_i [headDim]`, two gates a head. A gate is hard concrete
/// (arXiv 1712.01312): `cut(1.2 s - 0.1)` to 0...1, where in training `s = sigmoid((logit(u) + phi) / 0.33)` with a fresh uniform u
/// in every pass, and in inference `s = sigmoid(phi)`. The loss gets `sum P(gate > 0)` times a weight, with
/// `P(gate > 0) = sigmoid(phi - 0.33 log(0.1 / 1.1))`, so that gates which do not pay for themselves close.
///
/// Source: arXiv 2502.01179, sec. 3; wenlai-lavine/jola `jola/modeling_llama.py` (gates, edit, start), `jola/trainers.py` (penalty).
/// Deviations: the penalty is the paper's, one weight a kind of gate; the repository divides it by layers x heads x heads and moves
/// the weight from one kind of gate to the other by a schedule. It clamps P to `1e-6...1 - 1e-6`, which here needs no clamp.
/// Everything stays float32.
public final class JoLA: Intervention, UnitSelecting, Mergeable {
  /// The settings of JoLA.
  public struct Configuration: MethodConfiguration {
    /// Weight of the gates of scales in the penalty; 4e-5 for both kinds in the repository's config.yaml (`gate_lambda`).
    public var scalePenalty: Double
    /// Weight of the gates of offsets in the penalty.
    public var biasPenalty: Double
    /// Standard deviation of the initial m and a; 1e-3 in the repository.
    public var deviation: Double

    /// Settings that are not checked; ``init(_:)`` refuses numbers below zero.
    public init(scalePenalty: Double = 4e-5, biasPenalty: Double = 4e-5, deviation: Double = 1e-3) {
      self.scalePenalty = scalePenalty
      self.biasPenalty = biasPenalty
      self.deviation = deviation
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["scale_penalty", "bias_penalty", "deviation"])
      self.init(
        scalePenalty: try json.double(ifPresent: "scale_penalty") ?? 4e-5,
        biasPenalty: try json.double(ifPresent: "bias_penalty") ?? 4e-5,
        deviation: try json.double(ifPresent: "deviation") ?? 1e-3)
      for (key, value) in [("scale_penalty", scalePenalty), ("bias_penalty", biasPenalty), ("deviation", deviation)] {
        guard value >= 0, value.isFinite else {
          throw AdapterError.setting(key: key, expected: "at least zero", got: "\(value)", method: JoLA.method)
        }
      }
    }

    public var json: JSONObject {
      ["scale_penalty": .number(scalePenalty), "bias_penalty": .number(biasPenalty), "deviation": .number(deviation)]
    }
  }

  public static let method = "jola"
  public static let summary =
    "(1 + g m) z + q a on attention heads, with gates g and q that choose the heads while m and a are trained"
  public static let reference = "JoLA, arXiv 2502.01179, sec. 3"
  public static let defaultLocations = "all.head_attention_value_output@all"

  private let configuration: Configuration
  private let chosen: ChosenHeads
  private let scale, bias: Tensor  // m, a [chosen, headDim]
  private let scaleGate, biasGate: Tensor  // phi [chosen]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let (count, width) = (ChosenHeads.count(of: target), target.shape.headDim)
    // xavier_uniform of [heads, 1], as the repository begins: open by half on average.
    let bound = (6 / Double(target.shape.heads + 1)).squareRoot()
    try self.init(
      configuration, target, scale: random.normal([count, width], deviation: configuration.deviation),
      bias: random.normal([count, width], deviation: configuration.deviation),
      scaleGate: random.uniform([count], in: -bound..<bound), biasGate: random.uniform([count], in: -bound..<bound))
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let (count, width) = (ChosenHeads.count(of: target), target.shape.headDim)
    try self.init(
      configuration, target, scale: tensors.take("scale", [count, width]), bias: tensors.take("bias", [count, width]),
      scaleGate: tensors.take("scale_gate", [count]), biasGate: tensors.take("bias_gate", [count]))
  }

  private init(
    _ configuration: Configuration, _ target: Target, scale: Tensor, bias: Tensor, scaleGate: Tensor, biasGate: Tensor
  ) throws {
    self.configuration = configuration
    chosen = try ChosenHeads(of: target, method: Self.method)
    (self.scale, self.bias, self.scaleGate, self.biasGate) = (scale, bias, scaleGate, biasGate)
    for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
  }

  public var parameters: [NamedTensor] {
    [
      NamedTensor("scale", scale), NamedTensor("bias", bias), NamedTensor("scale_gate", scaleGate),
      NamedTensor("bias_gate", biasGate),
    ]
  }

  /// The two gates of a head together, 0 to 2: how much of a head's edit inference uses.
  public func unitScores() throws(TensorError) -> [(head: Int, score: Double)] {
    let scores = try withoutGradients { () throws(TensorError) in
      try (HardConcrete.expected(scaleGate) + HardConcrete.expected(biasGate)).values(as: Double.self)
    }
    return Array(zip(chosen.heads, scores)).map { (head: $0.0, score: $0.1) }
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { try headEdit(mode.training?.random) }

  /// Gates are drawn from the source, those of scales first; without a source they are as inference has them.
  private func headEdit(_ random: RandomSource?) throws(TensorError) -> HeadEdit {
    func gate(_ phi: Tensor) throws(TensorError) -> Tensor {
      guard let random else { return try HardConcrete.expected(phi).unsqueezed(1) }
      return try HardConcrete.drawn(phi, using: random).unsqueezed(1)
    }
    let factors = try chosen.everyHead(gate(scaleGate) * scale) + 1
    return HeadEdit(factors: factors, offsets: try chosen.everyHead(gate(biasGate) * bias))
  }

  public func penalty(_ pass: TrainingPass) throws(TensorError) -> Tensor? {
    let scales = try HardConcrete.probabilityOpen(scaleGate).sum() * configuration.scalePenalty
    return try scales + HardConcrete.probabilityOpen(biasGate).sum() * configuration.biasPenalty
  }

  public var foldsInto: FoldSide { .reader }

  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    try headEdit(nil).folded(into: projection)
  }
}

/// A number in 0...1 that is exactly 0 or 1 with a probability that phi decides (arXiv 1712.01312, sec. 2.2 and 3).
private enum HardConcrete {
  private static let temperature = 0.33
  private static let low = -0.1
  private static let high = 1.1
  private static let epsilon = 1e-6

  static func drawn(_ phi: Tensor, using random: RandomSource) throws(TensorError) -> Tensor {
    // Product and sum are rounded apart, as in the reference; the logarithms are not.
    let uniform = try (random.uniform(phi.shape, in: 0..<1) * (1 - 2 * epsilon) + epsilon).converted(to: .float64)
    let noise = try (uniform.log() - (-uniform + 1).log()).converted(to: .float32)
    return try stretched(((phi + noise) / temperature).sigmoid())
  }

  /// What stands for the gate in inference.
  static func expected(_ phi: Tensor) throws(TensorError) -> Tensor { try stretched(phi.sigmoid()) }

  static func probabilityOpen(_ phi: Tensor) throws(TensorError) -> Tensor {
    try (phi + -temperature * log(-low / high)).sigmoid()
  }

  /// `s` stretched to `low...high` and cut to `0...1`.
  private static func stretched(_ s: Tensor) throws(TensorError) -> Tensor {
    let wide = try s * (high - low) + low
    return try wide.relu() - (wide + -1).relu()
  }
}
