public import JSON
public import LanguageModels
public import Tensors

/// Inference-time intervention: `z_i <- z_i + alpha sigma_i theta_i` on the output of chosen attention heads.
///
/// `z [rows, heads, headDim]` before the output projection; `theta_i [headDim]` of length one, `sigma_i` the deviation of
/// samples along it (population), alpha a number of deviations. Nothing is trained: `reft fit` finds heads, directions and
/// deviations. At `@all` positions the edit is a bias of the output projection, `W_o[:, block i] alpha sigma_i theta_i`; at
/// `@l1+generated`, the paper's way of generating (the last token of every step), it is not, and does not fold.
///
/// Source: arXiv 2306.03341, sec. 3; likenneth/honest_llama.
/// Deviations: every sequence of a batch is edited, at the positions that are named, whatever the pass; widths and head counts
/// are the model's.
public final class ITI: Intervention, Mergeable, ConstantEdit {
  /// The settings of ITI.
  public struct Configuration: MethodConfiguration {
    /// Deviations by which a head's output is moved.
    public var alpha: Double

    /// Settings that are not checked; ``init(_:)`` refuses an alpha that is not finite.
    public init(alpha: Double = 15) {
      self.alpha = alpha
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["alpha"])
      alpha = try json.double(ifPresent: "alpha") ?? 15
      guard alpha.isFinite else {
        throw AdapterError.setting(key: "alpha", expected: "a number", got: "\(alpha)", method: ITI.method)
      }
    }

    public var json: JSONObject { ["alpha": .number(alpha)] }
  }

  public static let method = "iti"
  public static let summary = "z + alpha sigma theta on chosen attention heads, before the output projection; fitted"
  public static let reference = "ITI, arXiv 2306.03341, sec. 3"
  public static let defaultLocations = "all.head_attention_value_output@l1+generated"

  private let configuration: Configuration
  private let direction: Tensor  // theta of the chosen heads, [chosen, headDim]
  private let sigma: Tensor  // [chosen]
  private let offsets: Tensor  // alpha sigma theta of every head, [heads, headDim]; zero where none was chosen

  /// Random directions of the heads' own width, sigma one: the baseline of the paper.
  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let count = ChosenHeads.count(of: target)
    let noise = try random.normal([count, target.shape.headDim])
    try self.init(
      configuration, target, noise / noise.norm(along: 1).unsqueezed(1), Tensor([Float](repeating: 1, count: count)))
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let count = ChosenHeads.count(of: target)
    try self.init(
      configuration, target, tensors.take("direction", [count, target.shape.headDim]),
      tensors.take("sigma", [count]))
  }

  private init(_ configuration: Configuration, _ target: Target, _ direction: Tensor, _ sigma: Tensor) throws {
    let chosen = try ChosenHeads(of: target, method: Self.method)
    self.configuration = configuration
    self.direction = try direction.moved(to: target.device)
    self.sigma = try sigma.moved(to: target.device)
    offsets = try chosen.everyHead(self.direction * self.sigma.unsqueezed(1) * configuration.alpha)
  }

  public var parameters: [NamedTensor] { [] }

  public func saved() throws(TensorError) -> [NamedTensor] {
    [NamedTensor("direction", direction), NamedTensor("sigma", sigma)]
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { ConstantOffset(offsets) }

  public var isConstant: Bool { true }

  public var foldsInto: FoldSide { .reader }

  /// `W_o (z + c) = W_o z + W_o c`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    try projection.adding(projection.weight.matmul(offsets.reshaped([-1])))
  }
}
