public import JSON
public import LanguageModels
public import Tensors

/// (IA)3: `l * z`, a learned scale for each entry of keys, values, and the input of the network's last projection.
///
/// `z [rows, width]`, `l [width]`, which begins at one. At the output of a linear map it scales the rows of its weight and its
/// bias, at mlp_activation the columns of the projection that reads it.
///
/// Source: arXiv 2205.05638, section 3.3; peft `tuners/ia3`, whose `feedforward_modules` are mlp_activation here.
/// Deviation: l is float32 whatever the model's type, so that a scale near one is not rounded to it.
public final class IA3: Intervention, Mergeable {
  /// (IA)3 has no settings.
  public struct Configuration: MethodConfiguration {
    /// No settings.
    public init() {}
    public init(_ json: JSONReader) throws { try json.allow(only: []) }
    public var json: JSONObject { [:] }
  }

  public static let method = "ia3"
  public static let summary = "l z: a learned scale for each entry of keys, values and the network's hidden layer"
  public static let reference = "(IA)3, arXiv 2205.05638, sec. 3.3"
  public static let defaultLocations = "all.key@all;all.value@all;all.mlp_activation@all"
  public static var startsAsIdentity: Bool { true }

  private let component: Component
  private let scale: Tensor  // l [width]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try self.init(target, Tensor.full([target.width], value: 1, on: target.device))
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try self.init(target, tensors.take("scale", [target.width]))
  }

  private init(_ target: Target, _ scale: Tensor) throws {
    component = target.site.component
    guard component == .mlpActivation || target.shape.inputWidth(of: component) != nil else {
      let places = Component.allCases.filter { $0 == .mlpActivation || target.shape.inputWidth(of: $0) != nil }
      throw AdapterError.site(
        method: Self.method, component: component.rawValue, expected: places.map(\.rawValue).joined(separator: ", "))
    }
    self.scale = scale
    try scale.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] { [NamedTensor("scale", scale)] }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    RowFunction { [scale] z throws(TensorError) in try z * scale }
  }

  public var foldsInto: FoldSide { component == .mlpActivation ? .reader : .writer }

  /// `l (W x + b) = (diag(l) W) x + l b`, or `W (l u) = (W diag(l)) u`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    let scale = try scale.detached()
    switch foldsInto {
    case .reader: return (try projection.weight * scale, projection.bias)
    default: return (try projection.weight * scale.unsqueezed(1), try projection.bias.map { try $0 * scale })
    }
  }
}
