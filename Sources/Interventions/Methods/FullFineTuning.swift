public import JSON
public import LanguageModels
public import Tensors

/// Full fine-tuning of chosen projections: `y + x D^T + e`, D and e offsets to weight and bias, zero at the start.
///
/// `x [rows, in]` what the projection reads, `y [rows, out]` what it writes, `D [out, in]`, `e [out]`. The gradients are those of
/// the weights themselves, so that training without weight decay takes the same way: the upper reference for every other
/// method. With weight decay D shrinks towards zero, that is, the weights towards what they were.
///
/// Norms are left alone: what a norm's weight scales, all the projections that read it can scale with their columns, so a trained
/// norm would reach no function that the trained projections do not (the final norm, which the vocabulary matrix reads, is
/// the exception, and is not at a site). Their biases can be trained beside this by ``BitFit``.
///
/// Source: fine-tuning as torch's optimisers do it, with the other weights frozen.
/// Deviations: offsets are trained in place of weights, in float32, which is the same path without weight decay.
public final class FullFineTuning: Intervention, Mergeable {
  /// The settings of full fine-tuning.
  public struct Configuration: MethodConfiguration {
    /// Which projections have a trained bias.
    public enum Biases: String, Sendable, CaseIterable {
      /// Those that have a bias in the model: what fine-tuning its weights means.
      case own
      /// All of them.
      case all
      /// None of them.
      case none
    }

    /// Which projections have a trained bias; those that have one in the model by default.
    public var biases: Biases

    /// Settings, all of which are right.
    public init(biases: Biases = .own) { self.biases = biases }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["biases"])
      biases = try json.choice("biases", default: .own)
    }

    public var json: JSONObject { ["biases": .string(biases.rawValue)] }
  }

  public static let method = "full"
  public static let summary =
    "y + x D^T + e: the projections themselves are trained, as offsets to their weights and biases"
  public static let reference = "fine-tuning of the weights, as torch.optim trains them"
  /// The projections of a block; plain networks have no gate.
  public static let defaultLocations =
    "all.query@all;all.key@all;all.value@all;all.attention_output@all;all.mlp_gate@all;all.mlp_up@all;all.mlp_output@all"
  public static let startsAsIdentity = true

  private let weight: Tensor  // D [out, in]
  private let bias: Tensor?  // e [out]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let inputs = try target.requiredInputWidth(method: Self.method)
    try self.init(
      weight: Tensor.zeros([target.width, inputs], on: target.device),
      bias: Self.hasBias(configuration, target) ? Tensor.zeros([target.width], on: target.device) : nil)
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let inputs = try target.requiredInputWidth(method: Self.method)
    try self.init(
      weight: tensors.take("weight", [target.width, inputs]),
      bias: Self.hasBias(configuration, target) ? tensors.take("bias", [target.width]) : nil)
  }

  private init(weight: Tensor, bias: Tensor?) throws {
    self.weight = weight
    self.bias = bias
    try weight.setRequiresGradient(true)
    try bias?.setRequiresGradient(true)
  }

  private static func hasBias(_ configuration: Configuration, _ target: Target) -> Bool {
    switch configuration.biases {
    case .own: target.projection?.bias != nil
    case .all: true
    case .none: false
    }
  }

  public var parameters: [NamedTensor] {
    [NamedTensor("weight", weight)] + (bias.map { [NamedTensor("bias", $0)] } ?? [])
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { Edit(weight: weight, bias: bias) }

  private final class Edit: ActivationEdit {
    var isRowwise: Bool { true }
    let weight: Tensor
    let bias: Tensor?
    init(weight: Tensor, bias: Tensor?) { (self.weight, self.bias) = (weight, bias) }

    func callAsFunction(_ y: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      try y + input.ofLinearMap.linear(weight, bias: bias)
    }
  }

  public var foldsInto: FoldSide { .writer }

  /// `(W + D) x + (c + e)`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    let whole = try bias.map { try projection.adding($0).bias } ?? projection.bias
    return (try projection.weight + weight, whole)
  }
}
