public import JSON
public import LanguageModels
public import Tensors

/// Localised fine-tuning: `z_i <- (1 + A_i) * z_i + v_i` on the output of attention head i, at every position.
///
/// `z [rows, heads, headDim]` before the output projection; `A_i`, `v_i [headDim]`, one for each query head.
/// Stage 1 trains the scales A of all heads with an L1 penalty and ranks the heads by `|A_i|`; stage 2 starts again from the
/// untouched model and trains the offsets v of the best heads. The formula with both at once is a third part, which the paper
/// has not trained.
///
/// Source: arXiv 2406.01563, sections 3.1 and 3.2; fc2869/lo-fit `models/modeling_llama.py`.
/// Deviations: one vectorised multiply-add instead of a loop over heads; A and v stay float32 whatever the model's type.
public final class LoFiT: Intervention, UnitSelecting, Mergeable, ConstantEdit {
  /// What is trained.
  public enum Part: String, Sendable, CaseIterable {
    /// A: stage 1.
    case scale
    /// v: stage 2.
    case bias
    /// A and v at once, on heads chosen before.
    case both
  }

  /// The settings of LoFiT.
  public struct Configuration: MethodConfiguration {
    /// What is trained; the offsets of stage 2 by default.
    public var part: Part
    /// Standard deviation of the initial values; 1e-3 in the paper and the reference.
    public var deviation: Double

    /// Settings that are not checked; ``init(_:)`` refuses a deviation below zero.
    public init(part: Part = .bias, deviation: Double = 1e-3) {
      self.part = part
      self.deviation = deviation
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["part", "deviation"])
      part = try json.choice("part", default: .bias)
      deviation = try json.double(ifPresent: "deviation") ?? 1e-3
      guard deviation >= 0, deviation.isFinite else {
        throw AdapterError.setting(
          key: "deviation", expected: "at least zero", got: "\(deviation)", method: LoFiT.method)
      }
    }

    public var json: JSONObject { ["part": .string(part.rawValue), "deviation": .number(deviation)] }
  }

  public static let method = "lofit"
  public static let summary =
    "z + v on chosen attention heads (or z (1 + A) to choose them), before the output projection"
  public static let reference = "LoFiT, arXiv 2406.01563, sec. 3"
  public static let defaultLocations = "all.head_attention_value_output@all"

  private let chosen: ChosenHeads
  private let scale, bias: Tensor?  // A, v of the chosen heads, [chosen, headDim]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let shape = [ChosenHeads.count(of: target), target.shape.headDim]
    try self.init(configuration, target) { _ in try random.normal(shape, deviation: configuration.deviation) }
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let shape = [ChosenHeads.count(of: target), target.shape.headDim]
    try self.init(configuration, target) { try tensors.take($0.rawValue, shape) }
  }

  private init(_ configuration: Configuration, _ target: Target, _ values: (Part) throws -> Tensor) throws {
    chosen = try ChosenHeads(of: target, method: Self.method)
    scale = configuration.part == .bias ? nil : try values(.scale)
    bias = configuration.part == .scale ? nil : try values(.bias)
    for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
  }

  public var parameters: [NamedTensor] {
    [(Part.scale, scale), (Part.bias, bias)].compactMap { part, values in
      values.map { NamedTensor(part.rawValue, $0) }
    }
  }

  /// `|A_i|` or `|v_i|`; with both, the norm of the two together.
  public func unitScores() throws(TensorError) -> [(head: Int, score: Double)] {
    var values: [Tensor] = []
    for parameter in parameters { values.append(try parameter.tensor.detached()) }
    let norms = try Tensor.concatenated(values, along: 1).norm(along: 1).values(as: Double.self)
    return Array(zip(chosen.heads, norms)).map { (head: $0.0, score: $0.1) }
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { try headEdit() }

  private func headEdit() throws(TensorError) -> HeadEdit {
    HeadEdit(
      factors: try scale.map { values throws(TensorError) in try chosen.everyHead(values) + 1 },
      offsets: try bias.map { values throws(TensorError) in try chosen.everyHead(values) })
  }

  public var isConstant: Bool { scale == nil }

  public var foldsInto: FoldSide { .reader }

  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    try headEdit().folded(into: projection)
  }
}
