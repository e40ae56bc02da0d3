public import JSON
public import LanguageModels
public import Tensors

/// Representation editing: `y <- s * y + b`, elementwise, on every row; with s = 1 and b = 0 at the start.
///
/// `y [rows, d]` the output of the feed-forward network's last projection, `s`, `b [d]`: 2 d numbers a layer.
///
/// Source: arXiv 2402.15179; mlwu22/RED `model.py`, whose edit stands behind the network's last projection, not on the residual
/// stream as the ReFT paper describes it (both can be asked for by location).
/// Deviation: s and b are float32 (the reference's Llama runs: bfloat16, in which s moves in steps of 2^-7).
public final class RED: Intervention, Mergeable, Summable {
  /// RED has no settings.
  public struct Configuration: MethodConfiguration {
    /// The settings, of which there are none.
    public init() {}
    public init(_ json: JSONReader) throws { try json.allow(only: []) }
    public var json: JSONObject { [:] }
  }

  public static let method = "red"
  public static let summary =
    "s * y + b on the output of the feed-forward network: a scale and an offset for each entry"
  public static let reference = "RED, arXiv 2402.15179, sec. 3"
  public static let defaultLocations = "all.mlp_output@all"
  public static let startsAsIdentity = true

  private let scale: Tensor  // s [d]
  private let bias: Tensor  // b [d]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try self.init(
      target, scale: Tensor.full([target.width], value: 1, on: target.device),
      bias: Tensor.zeros([target.width], on: target.device))
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try self.init(
      target, scale: tensors.take("scale", [target.width]), bias: tensors.take("bias", [target.width]))
  }

  private init(_ target: Target, scale: Tensor, bias: Tensor) throws {
    try target.checkRows(method: Self.method)
    self.scale = scale
    self.bias = bias
    try scale.setRequiresGradient(true)
    try bias.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] { [NamedTensor("scale", scale), NamedTensor("bias", bias)] }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    RowFunction { [scale, bias] y throws(TensorError) in try y * scale + bias }
  }

  public var rank: Int { 0 }

  public static func settings(ofSum terms: [RED], rank: Int) -> JSONObject { Configuration().json }

  /// `sum w_i ((s_i - 1) y + b_i)`: the scale `1 + sum w_i (s_i - 1)` and the offset `sum w_i b_i`.
  public static func sum(_ terms: [(term: RED, weight: Double)], rank: Int) throws -> [NamedTensor] {
    guard let first = terms.first?.term else { return [] }
    var scale = try Tensor.full(first.scale.shape, value: 1, on: first.scale.device)
    var bias = try Tensor.zeros(first.bias.shape, on: first.bias.device)
    for (term, weight) in terms {
      scale = try scale + (term.scale.detached() + -1) * weight
      bias = try bias + term.bias.detached() * weight
    }
    return [NamedTensor("scale", scale), NamedTensor("bias", bias)]
  }

  public var foldsInto: FoldSide { .writer }

  /// `s (W x + c) + b = (diag(s) W) x + (s c + b)`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    let weight = try projection.weight * scale.unsqueezed(1)
    return (weight, try projection.bias.map { try $0 * scale + bias } ?? bias)
  }
}
