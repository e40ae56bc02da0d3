public import JSON
public import LanguageModels
public import Tensors

/// Conditional activation steering (CAST): steering that acts on a sequence only if its prompt meets a condition.
///
///     Phi(h) = steering(h)  where s(prompt) is beyond the threshold, else h
///     s = cos(g, tanh(P g)),  P = c c^T / |c|^2,  in -1...1
///
/// `h [rows, width]` at the site, `g [d]` the mean or last output of one block over the prompt, `c [d]` the condition's vector.
/// The edit is that of ``Steering``; ``condition`` decides for each sequence, before it is generated, whether it acts at all.
/// Nothing is trained: `reft fit` finds vector, layer and threshold.
///
/// Source: arXiv 2409.05907, sec. 3; IBM/activation-steering.
/// Deviations: each sequence of a batch is decided for itself, by the output of the block that c was found in, and sides of the
/// threshold are called what they are: ``Condition``.
public final class ConditionalSteering: Intervention, Conditional {
  /// The settings of conditional steering.
  public struct Configuration: MethodConfiguration {
    /// What the behaviour does.
    public var behaviour: Steering.Configuration
    /// 0-based block whose output the condition looks at.
    public var layer: Int
    /// What the similarity is compared with.
    public var threshold: Double
    /// On which side of the threshold the behaviour acts.
    public var side: Condition.Side
    /// Which state of the prompt is looked at.
    public var reading: Condition.Reading
    /// Whether the projection goes through tanh, as in the reference.
    public var squashes: Bool

    /// Settings that are not checked; ``init(_:)`` refuses a layer below zero and a threshold that is not finite.
    public init(
      behaviour: Steering.Configuration = .init(), layer: Int = 0, threshold: Double = 0, side: Condition.Side = .above,
      reading: Condition.Reading = .mean, squashes: Bool = true
    ) {
      self.behaviour = behaviour
      self.layer = layer
      self.threshold = threshold
      self.side = side
      self.reading = reading
      self.squashes = squashes
    }

    public init(_ json: JSONReader) throws {
      try json.allow(
        only: Steering.Configuration.keys + ["condition_layer", "threshold", "fires", "condition_reading", "tanh"])
      behaviour = try Steering.Configuration(shared: json, method: ConditionalSteering.method)
      layer = try json.int(ifPresent: "condition_layer") ?? 0
      threshold = try json.double(ifPresent: "threshold") ?? 0
      side = try json.choice("fires", default: .above)
      reading = try json.choice("condition_reading", default: .mean)
      squashes = try json.bool(ifPresent: "tanh") ?? true
      guard layer >= 0 else {
        throw AdapterError.setting(
          key: "condition_layer", expected: "a layer from 0", got: "\(layer)", method: ConditionalSteering.method)
      }
      guard threshold.isFinite else {
        throw AdapterError.setting(
          key: "threshold", expected: "a number", got: "\(threshold)", method: ConditionalSteering.method)
      }
    }

    public var json: JSONObject {
      var all = behaviour.json
      all["condition_layer"] = .integer(layer)
      all["threshold"] = .number(threshold)
      all["fires"] = .string(side.rawValue)
      all["condition_reading"] = .string(reading.rawValue)
      all["tanh"] = .bool(squashes)
      return all
    }
  }

  public static let method = "conditional"
  public static let summary =
    "steering of the sequences whose prompt meets a condition: cos(h, tanh(P h)) beyond a threshold"
  public static let reference = "CAST, arXiv 2409.05907, sec. 3"
  public static let defaultLocations = "all.block_output@all"
  public static var whyNotFoldable: String { "whether it acts depends on the prompt" }

  /// The behaviour's vector.
  public let vector: SteeringVector
  /// When the behaviour acts.
  public let condition: Condition
  private let configuration: Configuration

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    vector = try SteeringVector(on: target, using: random)
    let noise = try random.normal([target.shape.hidden])
    condition = try Self.condition(configuration, target, noise / noise.norm())
    self.configuration = configuration
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    vector = try SteeringVector(on: target, restoring: tensors)
    condition = try Self.condition(configuration, target, tensors.take("condition", [target.shape.hidden]))
    self.configuration = configuration
  }

  private static func condition(_ c: Configuration, _ target: Target, _ vector: Tensor) throws -> Condition {
    guard c.layer < target.shape.layers else {
      throw AdapterError.setting(
        key: "condition_layer", expected: "below the model's \(target.shape.layers) layers", got: "\(c.layer)",
        method: method)
    }
    return Condition(
      layer: c.layer, vector: try vector.moved(to: target.device), threshold: c.threshold, side: c.side,
      reading: c.reading, squashes: c.squashes)
  }

  public var parameters: [NamedTensor] { [] }

  public func saved() throws(TensorError) -> [NamedTensor] {
    try vector.saved + [NamedTensor("condition", condition.vector)]
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    try vector.edit(configuration.behaviour)
  }
}
