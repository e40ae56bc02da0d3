public import JSON
public import LanguageModels
public import Tensors

/// Constant ReFT: `Phi(h) = h + R^T (b - R h)`, which sets the component in an orthonormal subspace to a constant.
///
/// `h [rows, d]`, `R [r, d]` with orthonormal rows, `b [r]`.
///
/// Source: arXiv 2404.03592, memorisation experiments; pyreft `ConsreftIntervention`. It has neither dropout nor sigma.
/// Deviation: the orthogonal completion of ``OrthonormalColumns``.
public final class ConsReFT: Intervention {
  /// The settings of ConsReFT.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 1 in the paper's memorisation of one sequence.
    public var rank: Int

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1.
    public init(rank: Int = 1) { self.rank = rank }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["rank"])
      rank = try json.rank(method: ConsReFT.method, default: 1)
    }

    public var json: JSONObject { ["rank": .integer(rank)] }
  }

  public static let method = "consreft"
  public static let summary = "h + R^T(b - R h): a constant in an orthonormal subspace"
  public static let reference = "ReFT, arXiv 2404.03592, memorisation; pyreft ConsreftIntervention"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let rotation: Rotation
  private let bias: Tensor  // b [r]

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try target.check(rank: configuration.rank, method: Self.method)
    rotation = try Rotation(rank: configuration.rank, width: target.width, using: random)
    bias = try random.uniform([configuration.rank], in: 0..<1)
    try bias.setRequiresGradient(true)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try target.check(rank: configuration.rank, method: Self.method)
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

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let (columns, bias) = (try rotation.columns(), bias)
    return RowFunction { h throws(TensorError) in
      try h + (bias - h.matmul(columns)).matmul(columns.transposed())
    }
  }
}
