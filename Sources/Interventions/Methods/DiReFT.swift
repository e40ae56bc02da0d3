public import JSON
public import LanguageModels
public import Layers
public import Tensors

/// Direct ReFT, the paper's: `Phi(h) = h + W2^T sigma(W1 h + b)`, both matrices free.
///
/// `h [rows, d]`, `W1, W2 [r, d]`, `b [r]`: LoReFT without the orthogonality and without the subtraction.
///
/// Source: arXiv 2404.03592, eq. 3; pyreft `NodireftIntervention`. pyreft's class `DireftIntervention` is another method, the
/// ablation with orthonormal rows: ``OrthonormalDiReFT``.
/// Deviations: float32 (pyreft: bfloat16 by default); no bias of W2, which pyreft makes on request and never uses.
/// Dropout falls on the whole edited hidden state, after the edit, in training only, as in pyreft.
public final class DiReFT: Intervention, Summable {
  /// The settings of DiReFT, and of its ablation with orthonormal rows.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 8 follows from the paper's .031% of LLaMA-7B.
    public var rank: Int
    /// Probability of zeroing an entry of the edited state in training.
    public var dropout: Double
    /// sigma; the identity in the paper.
    public var activation: Activation

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1 and a dropout outside `0..<1`.
    public init(rank: Int = 8, dropout: Double = 0, activation: Activation = .linear) {
      self.rank = rank
      self.dropout = dropout
      self.activation = activation
    }

    public init(_ json: JSONReader) throws { try self.init(json, of: DiReFT.method) }

    init(_ json: JSONReader, of method: String) throws {
      try json.allow(only: ["rank", "dropout", "activation"])
      rank = try json.rank(method: method)
      dropout = try json.dropout(method: method)
      activation = try json.choice("activation", default: .linear)
    }

    public var json: JSONObject {
      ["rank": .integer(rank), "dropout": .number(dropout), "activation": .string(activation.rawValue)]
    }
  }

  public static let method = "direft"
  public static let summary = "h + W2^T(W1 h + b): a low-rank linear edit with free matrices"
  public static let reference = "ReFT, arXiv 2404.03592, eq. 3"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let configuration: Configuration
  private let source: AffineMap  // W1 [r, d], b [r]
  private let projection: AffineMap  // W2 [r, d]

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    projection = try AffineMap(
      "projection", rank: configuration.rank, width: target.width, hasBias: false, using: random)
    source = try AffineMap(rank: configuration.rank, width: target.width, using: random)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    projection = try AffineMap(
      "projection", rank: configuration.rank, width: target.width, hasBias: false, restoring: tensors)
    source = try AffineMap(rank: configuration.rank, width: target.width, restoring: tensors)
  }

  public var parameters: [NamedTensor] { projection.parameters + source.parameters }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let (sigma, source, projection) = (configuration.activation, source, projection)
    let dropout = Dropout(configuration.dropout, mode)
    return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in
      try dropout(h + projection.transposed(sigma(source(h))))
    }
  }

  public var rank: Int { configuration.rank }

  /// Ranks are joined; sigma must be the same.
  public static func settings(ofSum terms: [DiReFT], rank: Int) throws -> JSONObject {
    let activations = Set(terms.map(\.configuration.activation))
    guard let activation = activations.first, activations.count == 1 else {
      throw AdapterError.setting(
        key: "activation", expected: "the same in all terms of a sum",
        got: activations.map(\.rawValue).sorted().joined(separator: " and "), method: method)
    }
    return Configuration(rank: rank, activation: activation).json
  }

  /// `sum w_i W2_i^T sigma(W1_i h + b_i)`: all W1 and b one below the other, and all `w_i W2`.
  public static func sum(_ terms: [(term: DiReFT, weight: Double)], rank: Int) throws -> [NamedTensor] {
    [
      NamedTensor(
        "projection", try .stacked(terms.map { try $0.term.projection.weight.detached() * $0.weight }, rows: rank)),
      NamedTensor("weight", try .stacked(terms.map { try $0.term.source.weight.detached() }, rows: rank)),
      NamedTensor("bias", try .stacked(terms.compactMap { try $0.term.source.bias?.detached() }, rows: rank)),
    ]
  }
}
