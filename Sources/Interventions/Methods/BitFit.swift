public import JSON
public import LanguageModels
public import Tensors

/// Bias tuning: `y + o` where a bias of the model adds, o an offset to what the bias is, zero at the start.
///
/// `y [rows, width]` a component at which a bias adds; `o [width]`. Where the model has a bias c, `c + o` is what training c
/// itself would leave, step by step; where it has none (Llama's projections), it is given one.
///
/// Biases of projections add at query, key, value, attention_output, mlp_gate, mlp_up and mlp_output. Those of layer norms add
/// where the norm's output is read: before attention and network at attention_input and mlp_input (GPT-2, GPT-NeoX); behind the
/// sums at mlp_input and block_output (BERT), that of BERT's embedding at 0.block_input. A root mean square norm has none; an
/// offset behind it (attention_input, mlp_input) is the bias that a layer norm would have.
///
/// Source: arXiv 2106.10199, sec. 3; torch itself, with gradients for parameters named bias alone.
/// Deviations: the biases of a final norm and of a vocabulary head lie behind the last site and stay as they are. Where keys do not
/// turn (GPT-2, BERT), a bias of the keys changes nothing at all: a softmax does not see what is added to all scores of a query.
public final class BitFit: Intervention, Mergeable, ConstantEdit {
  /// BitFit has no settings.
  public struct Configuration: MethodConfiguration {
    /// The settings, of which there are none.
    public init() {}
    public init(_ json: JSONReader) throws { try json.allow(only: []) }
    public var json: JSONObject { [:] }
  }

  public static let method = "bitfit"
  public static let summary = "y + o where a bias adds: the biases alone are trained, as offsets to what they are"
  public static let reference = "BitFit, arXiv 2106.10199, sec. 3"
  /// The projections of a block; plain networks have no gate. `;all.attention_input@all;all.mlp_input@all` adds the layer norms
  /// of GPT-2, `;all.mlp_input@all;all.block_output@all;0.block_input@all` those of BERT.
  public static let defaultLocations = FullFineTuning.defaultLocations
  public static let startsAsIdentity = true

  private let offset: Tensor  // o [width]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try self.init(target, Tensor.zeros([target.width], on: target.device))
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try self.init(target, tensors.take("offset", [target.width]))
  }

  private init(_ target: Target, _ offset: Tensor) throws {
    try target.checkRows(method: Self.method)
    self.offset = offset
    try offset.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] { [NamedTensor("offset", offset)] }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { ConstantOffset(offset) }

  public var isConstant: Bool { true }

  public var foldsInto: FoldSide { .offset }

  /// `c + o`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    try projection.adding(offset)
  }
}
