public import JSON
public import LanguageModels
public import Layers
public import Tensors

/// Where a bottleneck stands: what tells the series adapter from the parallel one.
public protocol BottleneckPlacement: SendableMetatype {
  /// What the method is called.
  static var method: String { get }
  /// One sentence, with the formula.
  static var summary: String { get }
  /// Paper and section.
  static var reference: String { get }
  /// Where the method acts when the user does not say.
  static var defaultLocations: String { get }
  /// Whether the bottleneck reads what the projection reads, and not what it writes.
  static var isParallel: Bool { get }
}

/// A bottleneck adapter: `y + s (U act(D x + e) + u)`, x what a projection wrote (series) or read (parallel).
///
/// `y [rows, out]`, `x [rows, in]` (in = out in series), `D [m, in]`, `U [out, m]`; e `[m]` and u `[out]` where there are biases.
///
/// Source: AGI-Edgerunners/LLM-Adapters `peft/src/peft/tuners/bottleneck.py`, which has neither biases nor a scale to learn by default.
/// Deviation: none in the formulas; there, in front of gate_proj and up_proj the series form reads what the projection reads, which here
/// is the site mlp_input (one adapter for both projections).
public final class BottleneckAdapter<Placement: BottleneckPlacement>: Intervention {
  /// The settings, whose errors name the method.
  public typealias Configuration = BottleneckConfiguration<Placement>

  public static var method: String { Placement.method }
  public static var summary: String { Placement.summary }
  public static var reference: String { Placement.reference }
  public static var defaultLocations: String { Placement.defaultLocations }
  public static var whyNotFoldable: String {
    "an activation function stands within the bottleneck, and no weight computes it"
  }

  private let configuration: Configuration
  private let down, up: Tensor
  private let biases: (down: Tensor, up: Tensor)?

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let (inputs, outputs, narrow) = (try Self.inputs(target), target.width, configuration.bottleneck)
    let bound = 1 / Double(inputs).squareRoot()  // torch.nn.Linear's default, which is kaiming_uniform(sqrt 5)
    let down: Tensor
    let up: Tensor
    switch configuration.start {
    case .bert:
      down = try random.normal([narrow, inputs], deviation: 0.02)
      up = try random.normal([outputs, narrow], deviation: 0.02)
    case .zero:
      down = try random.uniform([narrow, inputs], in: -bound..<bound)
      up = try Tensor.zeros([outputs, narrow], on: target.device)
    }
    try self.init(
      configuration, down: down, up: up,
      biases: configuration.biases
        ? (Tensor.zeros([narrow], on: target.device), Tensor.zeros([outputs], on: target.device)) : nil)
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let (inputs, outputs, narrow) = (try Self.inputs(target), target.width, configuration.bottleneck)
    try self.init(
      configuration, down: tensors.take("down", [narrow, inputs]), up: tensors.take("up", [outputs, narrow]),
      biases: configuration.biases
        ? (tensors.take("down_bias", [narrow]), tensors.take("up_bias", [outputs])) : nil)
  }

  private init(_ configuration: Configuration, down: Tensor, up: Tensor, biases: (down: Tensor, up: Tensor)?) throws {
    self.configuration = configuration
    self.down = down
    self.up = up
    self.biases = biases
    for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
  }

  private static func inputs(_ target: Target) throws(AdapterError) -> Int {
    try target.checkRows(method: method)
    return Placement.isParallel ? try target.requiredInputWidth(method: method) : target.width
  }

  public var parameters: [NamedTensor] {
    var all = [NamedTensor("down", down), NamedTensor("up", up)]
    if let biases { all += [NamedTensor("down_bias", biases.down), NamedTensor("up_bias", biases.up)] }
    return all
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    Edit(self, dropout: Dropout(configuration.dropout, mode))
  }

  private final class Edit: ActivationEdit {
    let adapter: BottleneckAdapter
    let dropout: Dropout
    var isRowwise: Bool { !dropout.isActive }
    init(_ adapter: BottleneckAdapter, dropout: Dropout) { (self.adapter, self.dropout) = (adapter, dropout) }

    func callAsFunction(_ y: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      try y + adapter.bottleneck(dropout(Placement.isParallel ? input.ofLinearMap : y))
    }
  }

  /// `s (U act(D x + e) + u)`.
  private func bottleneck(_ x: Tensor) throws(TensorError) -> Tensor {
    let narrow = try configuration.activation(x.linear(down, bias: biases?.down))  // [rows, m]
    return try narrow.linear(up, bias: biases?.up) * configuration.scaling
  }
}

/// The settings of a bottleneck adapter.
public struct BottleneckConfiguration<Placement: BottleneckPlacement>: MethodConfiguration {
  /// How the two matrices begin.
  public enum Start: String, Sendable, CaseIterable {
    /// Both from N(0, 0.02^2), as BERT's: nearly the identity.
    case bert
    /// U zero, D as `torch.nn.Linear` has it: the identity (LLM-Adapters: `mam_adapter`).
    case zero
  }

  /// Width m of the bottleneck; 256 in LLM-Adapters.
  public var bottleneck: Int
  /// act; tanh in LLM-Adapters, relu in He et al., gelu in Houlsby et al.
  public var activation: Activation
  /// s; 1 in LLM-Adapters.
  public var scaling: Double
  /// Probability of zeroing an entry of what the bottleneck reads, in training; 0 in LLM-Adapters.
  public var dropout: Double
  /// How the two matrices begin; as BERT's in LLM-Adapters.
  public var start: Start
  /// Whether both maps have a bias, zero at the start; not in LLM-Adapters.
  public var biases: Bool

  /// Settings that are not checked; ``init(_:)`` refuses a bottleneck below 1 and a dropout outside `0..<1`.
  public init(
    bottleneck: Int = 256, activation: Activation = .tanh, scaling: Double = 1, dropout: Double = 0,
    start: Start = .bert,
    biases: Bool = false
  ) {
    self.bottleneck = bottleneck
    self.activation = activation
    self.scaling = scaling
    self.dropout = dropout
    self.start = start
    self.biases = biases
  }

  public init(_ json: JSONReader) throws {
    try json.allow(only: ["bottleneck", "activation", "scaling", "dropout", "start", "biases"])
    self.init(
      bottleneck: try json.int(ifPresent: "bottleneck") ?? 256,
      activation: try json.choice("activation", default: .tanh),
      scaling: try json.double(ifPresent: "scaling") ?? 1, dropout: try json.dropout(method: Placement.method),
      start: try json.choice("start", default: .bert), biases: try json.bool(ifPresent: "biases") ?? false)
    guard bottleneck > 0 else { throw Self.error("bottleneck", "above zero", "\(bottleneck)") }
    guard scaling.isFinite, scaling != 0 else { throw Self.error("scaling", "a number other than zero", "\(scaling)") }
  }

  public var json: JSONObject {
    [
      "bottleneck": .integer(bottleneck), "activation": .string(activation.rawValue), "scaling": .number(scaling),
      "dropout": .number(dropout), "start": .string(start.rawValue), "biases": .bool(biases),
    ]
  }

  private static func error(_ key: String, _ expected: String, _ got: String) -> AdapterError {
    .setting(key: key, expected: expected, got: got, method: Placement.method)
  }
}
