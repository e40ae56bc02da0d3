public import JSON
public import LanguageModels
public import Tensors

/// Localised fine-tuning: `z_i <- (1 + A_i) * z_i + v_i` on the output of attention head i, at every position.
///
/// `z [rows, heads, headDim]` before the output projection; `A_i`, `v_i [headDim]`, one for each query head.
/// Stage 1 trains the scales A of all heads with an L1 penalty and ranks the heads by `|A_i|`; stage 2 starts again from the
/// untouched model and trains the offsets v of the best heads.
///
/// Source: arXiv 2406.01563, sections 3.1 and 3.2; fc2869/lo-fit `models/modeling_llama.py`.
/// Deviations: one vectorised multiply-add instead of a loop over heads; A and v stay float32 whatever the model's type.
public final class LoFiT: Intervention, UnitSelecting, Mergeable {
  /// What is trained.
  public enum Part: String, Sendable, CaseIterable {
    /// A: stage 1.
    case scale
    /// v: stage 2.
    case bias
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

  private let part: Part
  private let heads: [Int]
  private let headCount: Int
  private let values: Tensor  // A or v of the chosen heads, [chosen, headDim]
  private let index: Tensor  // the chosen heads, int64

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let count = target.heads?.count ?? target.shape.heads
    let values = try random.normal([count, target.shape.headDim], deviation: configuration.deviation)
    try self.init(configuration, target, values)
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let count = target.heads?.count ?? target.shape.heads
    let values = try tensors.take(configuration.part.rawValue, [count, target.shape.headDim])
    try self.init(configuration, target, values)
  }

  private init(_ configuration: Configuration, _ target: Target, _ values: Tensor) throws {
    guard target.site.component == .headOutput else {
      throw AdapterError.site(
        method: Self.method, component: target.site.component.rawValue, expected: Component.headOutput.rawValue)
    }
    part = configuration.part
    headCount = target.shape.heads
    heads = target.heads ?? Array(0..<headCount)
    index = try Tensor(heads.map(Int64.init), on: target.device)
    self.values = values
    try values.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] { [NamedTensor(part.rawValue, values)] }

  /// `|A_i|` or `|v_i|`.
  public func unitScores() throws(TensorError) -> [(head: Int, score: Double)] {
    let norms = try values.detached().norm(along: 1).values(as: Double.self)
    return Array(zip(heads, norms)).map { (head: $0.0, score: $0.1) }
  }

  /// A or v for every head, `[heads, headDim]`, zero where none was chosen.
  private func everyHead() throws(TensorError) -> Tensor {
    if heads.count == headCount { return values }
    let none = try Tensor.zeros([headCount, values.size(1)], on: values.device)
    return try none.replacing(index, with: values)
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    switch part {
    case .scale: Scale(factors: try everyHead() + 1)
    case .bias: Offset(offsets: try everyHead())
    }
  }

  private final class Scale: ActivationEdit {
    let factors: Tensor  // 1 + A
    init(factors: Tensor) { self.factors = factors }
    func callAsFunction(_ z: Tensor, from input: Tensor?) throws(TensorError) -> Tensor { try z * factors }
  }

  private final class Offset: ActivationEdit {
    let offsets: Tensor  // v
    init(offsets: Tensor) { self.offsets = offsets }
    func callAsFunction(_ z: Tensor, from input: Tensor?) throws(TensorError) -> Tensor { try z + offsets }
  }

  public var foldsInto: FoldSide { .reader }

  /// `W_o (z + v) = W_o z + W_o v`: an output bias. `W_o ((1 + A) z) = (W_o diag(1 + A)) z`: scaled columns.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    let flat = try everyHead().detached().reshaped([-1])  // [heads * headDim]
    switch part {
    case .scale: return (try projection.weight * (flat + 1), projection.bias)
    case .bias:
      let offset = try projection.weight.matmul(flat)
      return (projection.weight, try projection.bias.map { try $0 + offset } ?? offset)
    }
  }
}
