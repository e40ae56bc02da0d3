public import JSON
public import LanguageModels
public import Layers
public import Tensors

/// LoReFT without orthogonality: `Phi(h) = h + W2^T (sigma(W1 h + b) - (W2 h + b2))`.
///
/// `h [rows, d]`, `W1, W2 [r, d]`, `b, b2 [r]`; b2 is an option and stands inside the subtraction alone.
///
/// Source: ablation of arXiv 2404.03592 (appendix); pyreft `NoreftIntervention`, whose `add_bias` is `projection_bias` here.
/// Deviation: float32 (pyreft: bfloat16 by default).
/// Dropout falls on the whole edited hidden state, after the edit, in training only, as in pyreft.
public final class NoReFT: Intervention {
  /// The settings of NoReFT.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 8 as LoReFT has it.
    public var rank: Int
    /// Probability of zeroing an entry of the edited state in training.
    public var dropout: Double
    /// sigma; the identity in the paper.
    public var activation: Activation
    /// Whether b2 exists; pyreft leaves no default.
    public var projectionBias: Bool

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1 and a dropout outside `0..<1`.
    public init(
      rank: Int = 8, dropout: Double = 0, activation: Activation = .linear, projectionBias: Bool = false
    ) {
      self.rank = rank
      self.dropout = dropout
      self.activation = activation
      self.projectionBias = projectionBias
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["rank", "dropout", "activation", "projection_bias"])
      rank = try json.rank(method: NoReFT.method)
      dropout = try json.dropout(method: NoReFT.method)
      activation = try json.choice("activation", default: .linear)
      projectionBias = try json.bool(ifPresent: "projection_bias") ?? false
    }

    public var json: JSONObject {
      [
        "rank": .integer(rank), "dropout": .number(dropout), "activation": .string(activation.rawValue),
        "projection_bias": .bool(projectionBias),
      ]
    }
  }

  public static let method = "noreft"
  public static let summary = "h + W2^T(W1 h + b - W2 h): LoReFT with free matrices"
  public static let reference = "ReFT, arXiv 2404.03592, ablations; pyreft NoreftIntervention"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let configuration: Configuration
  private let source: AffineMap  // W1 [r, d], b [r]
  private let projection: AffineMap  // W2 [r, d], b2 [r] or none

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    projection = try AffineMap(
      "projection", rank: configuration.rank, width: target.width, hasBias: configuration.projectionBias, using: random)
    source = try AffineMap(rank: configuration.rank, width: target.width, using: random)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    projection = try AffineMap(
      "projection", rank: configuration.rank, width: target.width, hasBias: configuration.projectionBias,
      restoring: tensors)
    source = try AffineMap(rank: configuration.rank, width: target.width, restoring: tensors)
  }

  public var parameters: [NamedTensor] { projection.parameters + source.parameters }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let (sigma, source, projection) = (configuration.activation, source, projection)
    let dropout = Dropout(configuration.dropout, mode)
    return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in
      try dropout(h + projection.transposed(sigma(source(h)) - projection(h)))
    }
  }
}
