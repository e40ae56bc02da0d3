public import JSON
public import LanguageModels
public import Tensors

/// Low-rank bias ReFT: `Phi(h) = h + R^T b`, a constant offset out of an orthonormal subspace.
///
/// `h [rows, d]`, `R [r, d]` with orthonormal rows, `b [r]`.
///
/// Source: pyreft `LobireftIntervention`. It has no sigma.
/// Deviation: the orthogonal completion of ``OrthonormalColumns``.
/// Dropout falls on the whole edited hidden state, after the edit, in training only, as in pyreft.
public final class LobiReFT: Mergeable, ConstantEdit {
  /// The settings of LobiReFT.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 8 as LoReFT has it.
    public var rank: Int
    /// Probability of zeroing an entry of the edited state in training.
    public var dropout: Double

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1 and a dropout outside `0..<1`.
    public init(rank: Int = 8, dropout: Double = 0) {
      self.rank = rank
      self.dropout = dropout
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["rank", "dropout"])
      rank = try json.rank(method: LobiReFT.method)
      dropout = try json.dropout(method: LobiReFT.method)
    }

    public var json: JSONObject { ["rank": .integer(rank), "dropout": .number(dropout)] }
  }

  public static let method = "lobireft"
  public static let summary = "h + R^T b: a constant offset out of an orthonormal subspace"
  public static let reference = "ReFT, arXiv 2404.03592, ablations; pyreft LobireftIntervention"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let configuration: Configuration
  private let rotation: Rotation
  private let bias: Tensor  // b [r]

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    rotation = try Rotation(rank: configuration.rank, width: target.width, using: random)
    bias = try random.uniform([configuration.rank], in: 0..<1)
    try bias.setRequiresGradient(true)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    bias = try tensors.take("bias", [configuration.rank])
    try bias.setRequiresGradient(true)
    rotation = try Rotation(rank: configuration.rank, width: target.width, restoring: tensors)
  }

  public var parameters: [NamedTensor] { rotation.parameters + [NamedTensor("bias", bias)] }

  /// `d r + r`.
  public var parameterCount: Int { rotation.count + bias.elementCount }

  /// `rotation` R `[r, d]`, `bias` b `[r]`.
  public func saved() throws(TensorError) -> [NamedTensor] {
    try rotation.saved() + [NamedTensor("bias", bias.detached())]
  }

  public func trainingState() throws(TensorError) -> [NamedTensor] {
    try rotation.trainingState() + [NamedTensor("bias", bias.detached())]
  }

  /// `R^T b [d]`.
  private func offset() throws(TensorError) -> Tensor { try rotation.columns().matmul(bias) }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let offset = try offset()
    let dropout = Dropout(configuration.dropout, mode)
    return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in try dropout(h + offset) }
  }

  public var isConstant: Bool { true }

  public var foldsInto: FoldSide { .offset }

  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    try projection.adding(offset().detached())
  }
}
