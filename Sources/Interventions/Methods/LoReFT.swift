public import JSON
public import LanguageModels
public import Layers
public import Tensors

/// Low-rank linear subspace ReFT: `Phi(h) = h + R^T (sigma(W h + b) - R h)`, the rows of R orthonormal.
///
/// `h [rows, d]`, `R [r, d]`, `W [r, d]`, `b [r]`. Every position of a target shares one Phi. With subspaces S chosen,
/// `Phi(h) = h + sum over k in S of (sigma(W h + b) - R h)_k R_k`.
///
/// Source: arXiv 2404.03592, eq. 2; pyreft `LoreftIntervention`, and the class of its composition notebook for subspaces.
/// sigma is the identity in the paper, an option in pyreft.
/// Deviations: W and b are float32 (pyreft: bfloat16 by default); the orthogonal completion of ``OrthonormalColumns``; sets of
/// subspaces may differ in size from row to row.
/// Dropout falls on the whole edited hidden state, after the edit, in training only, as in pyreft.
public final class LoReFT: Partitioned {
  /// The settings of LoReFT.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 8 in the paper's commonsense and arithmetic settings (appendix D).
    public var rank: Int
    /// Probability of zeroing an entry of the edited state in training; 0 in those settings of the paper.
    public var dropout: Double
    /// sigma; the identity in the paper.
    public var activation: Activation
    /// Named parts of the rank, all of it together; none by default.
    public var subspaces: Subspaces?

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1 and a dropout outside `0..<1`.
    public init(rank: Int = 8, dropout: Double = 0, activation: Activation = .linear, subspaces: Subspaces? = nil) {
      self.rank = rank
      self.dropout = dropout
      self.activation = activation
      self.subspaces = subspaces
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["rank", "dropout", "activation", "subspaces"])
      subspaces = try Subspaces(json, method: LoReFT.method)
      rank = try json.rank(method: LoReFT.method, default: subspaces?.rank ?? 8)
      dropout = try json.dropout(method: LoReFT.method)
      activation = try json.choice("activation", default: .linear)
      if let subspaces, subspaces.rank != rank {
        throw AdapterError.setting(
          key: "subspaces", expected: "parts of the rank \(rank)", got: "\(subspaces.rank) indices",
          method: LoReFT.method)
      }
    }

    public var json: JSONObject {
      [
        "rank": .integer(rank), "dropout": .number(dropout), "activation": .string(activation.rawValue),
        "subspaces": .object(subspaces?.json ?? [:]),
      ]
    }
  }

  public static let method = "loreft"
  public static let summary = "h + R^T(W h + b - R h): a low-rank linear edit in an orthonormal subspace"
  public static let reference = "ReFT, arXiv 2404.03592, eq. 2"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let configuration: Configuration
  private let rotation: Rotation
  private let source: AffineMap  // W [r, d], b [r]

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    rotation = try Rotation(rank: configuration.rank, width: target.width, using: random)
    source = try AffineMap(rank: configuration.rank, width: target.width, using: random)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    source = try AffineMap(rank: configuration.rank, width: target.width, restoring: tensors)
    rotation = try Rotation(rank: configuration.rank, width: target.width, restoring: tensors)
  }

  public var parameters: [NamedTensor] { rotation.parameters + source.parameters }

  /// `2 d r + r`: R counted as d r, as the paper does, not as the dimension of its manifold.
  public var parameterCount: Int { rotation.count + source.count }

  /// `rotation` R `[r, d]`, `weight` W `[r, d]`, `bias` b `[r]`.
  public func saved() throws(TensorError) -> [NamedTensor] { try rotation.saved() + source.saved() }

  public func trainingState() throws(TensorError) -> [NamedTensor] { try rotation.trainingState() + source.saved() }

  public var subspaces: Subspaces? { configuration.subspaces }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let columns = try rotation.columns()  // R^T [d, r]
    let (sigma, source) = (configuration.activation, source)
    let dropout = Dropout(configuration.dropout, mode)
    guard let indices = subspaces?.indices(of: mode.subspaces) else {
      return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in
        if sigma == .linear, let bias = source.bias {
          return try dropout(h.editedWithin(columns: columns, weight: source.weight, bias: bias))
        }
        let difference = try sigma(source(h)) - h.matmul(columns)  // sigma(W h + b) - R h
        return try dropout(h + difference.matmul(columns.transposed()))
      }
    }
    if indices.isEmpty { return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in try dropout(h) } }
    let chosen = try Tensor(indices.map(Int64.init), on: columns.device)
    let rows = try columns.selected(chosen, along: 1).transposed()  // R of the chosen parts
    return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in
      let difference = try (sigma(source(h)) - h.matmul(columns)).selected(chosen, along: 1)
      return try dropout(h + difference.matmul(rows))
    }
  }
}
