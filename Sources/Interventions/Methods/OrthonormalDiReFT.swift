public import JSON
public import LanguageModels
import Layers
public import Tensors

/// The ablation of DiReFT that keeps orthonormal rows: `Phi(h) = h + R^T sigma(W h + b)`.
///
/// `h [rows, d]`, `R [r, d]` with orthonormal rows, `W [r, d]`, `b [r]`.
///
/// Source: arXiv 2404.03592, ablations; pyreft's class `DireftIntervention`, whose name the paper gives to another method:
/// ``DiReFT``.
/// Deviations: W and b are float32 (pyreft: bfloat16 by default); the orthogonal completion of ``OrthonormalColumns``.
/// Dropout falls on the whole edited hidden state, after the edit, in training only, as in pyreft.
public final class OrthonormalDiReFT: Intervention {
  /// The settings are those of ``DiReFT``.
  public struct Configuration: MethodConfiguration {
    /// Rank, dropout and sigma.
    public var direct: DiReFT.Configuration

    /// Settings that are not checked; ``init(_:)`` refuses what ``DiReFT`` refuses.
    public init(_ direct: DiReFT.Configuration = .init()) { self.direct = direct }

    public init(_ json: JSONReader) throws { direct = try DiReFT.Configuration(json, of: OrthonormalDiReFT.method) }

    public var json: JSONObject { direct.json }
  }

  public static let method = "direft_orthonormal"
  public static let summary = "h + R^T(W h + b): DiReFT with orthonormal rows, an ablation"
  public static let reference = "ReFT, arXiv 2404.03592, ablations; pyreft DireftIntervention"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let configuration: DiReFT.Configuration
  private let rotation: Rotation
  private let source: AffineMap  // W [r, d], b [r]

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let configuration = configuration.direct
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    rotation = try Rotation(rank: configuration.rank, width: target.width, using: random)
    source = try AffineMap(rank: configuration.rank, width: target.width, using: random)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let configuration = configuration.direct
    try target.check(rank: configuration.rank, method: Self.method)
    self.configuration = configuration
    source = try AffineMap(rank: configuration.rank, width: target.width, restoring: tensors)
    rotation = try Rotation(rank: configuration.rank, width: target.width, restoring: tensors)
  }

  public var parameters: [NamedTensor] { rotation.parameters + source.parameters }

  /// `2 d r + r`, as LoReFT counts.
  public var parameterCount: Int { rotation.count + source.count }

  /// `rotation` R `[r, d]`, `weight` W `[r, d]`, `bias` b `[r]`.
  public func saved() throws(TensorError) -> [NamedTensor] { try rotation.saved() + source.saved() }

  public func trainingState() throws(TensorError) -> [NamedTensor] { try rotation.trainingState() + source.saved() }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let (columns, sigma, source) = (try rotation.columns(), configuration.activation, source)
    let dropout = Dropout(configuration.dropout, mode)
    return RowFunction(isRowwise: !dropout.isActive) { h throws(TensorError) in
      try dropout(h + sigma(source(h)).matmul(columns.transposed()))
    }
  }
}
