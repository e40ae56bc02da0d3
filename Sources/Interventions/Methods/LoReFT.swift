public import JSON
public import LanguageModels
public import Layers
public import Tensors

/// Low-rank linear subspace ReFT: `Phi(h) = h + R^T (sigma(W h + b) - R h)`, the rows of R orthonormal.
///
/// `h [rows, d]`, `R [r, d]`, `W [r, d]`, `b [r]`. Every position of a target shares one Phi.
///
/// Source: arXiv 2404.03592, eq. 2; pyreft `LoreftIntervention`. sigma is the identity in the paper, an option in pyreft.
/// Deviations: W and b are float32 (pyreft: bfloat16 by default); the orthogonal completion of ``OrthonormalColumns``.
/// Dropout falls on the whole edited hidden state, after the edit, in training only, as in pyreft.
public final class LoReFT: Intervention {
  /// The settings of LoReFT.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 8 in the paper's commonsense and arithmetic settings (appendix D).
    public var rank: Int
    /// Probability of zeroing an entry of the edited state in training; 0 in those settings of the paper.
    public var dropout: Double
    /// sigma; the identity in the paper.
    public var activation: Activation

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1 and a dropout outside `0..<1`.
    public init(rank: Int = 8, dropout: Double = 0, activation: Activation = .linear) {
      self.rank = rank
      self.dropout = dropout
      self.activation = activation
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["rank", "dropout", "activation"])
      rank = try json.int(ifPresent: "rank") ?? 8
      dropout = try json.double(ifPresent: "dropout") ?? 0
      activation = try json.choice("activation", default: .linear)
      guard rank > 0 else { throw Self.error("rank", "above zero", "\(rank)") }
      guard (0..<1).contains(dropout) else { throw Self.error("dropout", "in 0..<1", "\(dropout)") }
    }

    public var json: JSONObject {
      ["rank": .integer(rank), "dropout": .number(dropout), "activation": .string(activation.rawValue)]
    }

    static func error(_ key: String, _ expected: String, _ got: String) -> AdapterError {
      .setting(key: key, expected: expected, got: got, method: LoReFT.method)
    }
  }

  public static let method = "loreft"
  public static let summary = "h + R^T(W h + b - R h): a low-rank linear edit in an orthonormal subspace"
  public static let reference = "ReFT, arXiv 2404.03592, eq. 2"
  public static let defaultLocations = "all.block_output@f7+l7"

  private let configuration: Configuration
  private let weight: Tensor  // W [r, d]
  private let bias: Tensor  // b [r]
  private let rotation: Rotation

  /// R^T `[d, r]`: fixed as saved, or trained.
  private enum Rotation {
    case fixed(Tensor)
    case trained(OrthonormalColumns)
  }

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let (d, r) = (target.width, configuration.rank)
    try Self.check(rank: r, width: d, site: target.site)
    self.configuration = configuration
    rotation = .trained(
      try OrthonormalColumns(base: OrthonormalColumns.random(rows: d, columns: r, using: random)))
    let bound = 1 / Double(d).squareRoot()  // torch.nn.Linear's default
    weight = try random.uniform([r, d], in: -bound..<bound)
    bias = try random.uniform([r], in: -bound..<bound)
    try makeTrainable()
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let (d, r) = (target.width, configuration.rank)
    try Self.check(rank: r, width: d, site: target.site)
    self.configuration = configuration
    weight = try tensors.take("weight", [r, d])
    bias = try tensors.take("bias", [r])
    if tensors.has("base") {
      let base = try tensors.take("base", [d, r])
      rotation = .trained(try OrthonormalColumns(base: base, coordinates: tensors.take("coordinates", [d, r])))
    } else {
      // Laid out as the trained columns are: the engine sums a product in an order that depends on it.
      rotation = .fixed(try tensors.take("rotation", [r, d]).transposed().contiguous())
    }
    try makeTrainable()
  }

  private static func check(rank: Int, width: Int, site: Site) throws {
    guard site.component != .headOutput else {
      throw AdapterError.site(method: method, component: site.component.rawValue, expected: "components without heads")
    }
    guard rank <= width else {
      throw Configuration.error("rank", "at most the width \(width) of \(site.component.rawValue)", "\(rank)")
    }
  }

  private func makeTrainable() throws(TensorError) {
    try weight.setRequiresGradient(true)
    try bias.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] {
    let source = [NamedTensor("weight", weight), NamedTensor("bias", bias)]
    guard case .trained(let columns) = rotation else { return source }
    return [NamedTensor("coordinates", columns.coordinates)] + source
  }

  /// `2 d r + r`: R counted as d r, as the paper does, not as the dimension of its manifold.
  public var parameterCount: Int { 2 * weight.elementCount + bias.elementCount }

  /// `rotation` R `[r, d]`, `weight` W `[r, d]`, `bias` b `[r]`.
  public func saved() throws(TensorError) -> [NamedTensor] {
    let columns = try withoutGradients { () throws(TensorError) in try self.columns() }
    return [
      NamedTensor("rotation", try columns.transposed().contiguous()), NamedTensor("weight", try weight.detached()),
      NamedTensor("bias", try bias.detached()),
    ]
  }

  public func trainingState() throws(TensorError) -> [NamedTensor] {
    guard case .trained(let columns) = rotation else { return try saved() }
    return [
      NamedTensor("base", columns.base), NamedTensor("coordinates", try columns.coordinates.detached()),
      NamedTensor("weight", try weight.detached()), NamedTensor("bias", try bias.detached()),
    ]
  }

  private func columns() throws(TensorError) -> Tensor {
    switch rotation {
    case .fixed(let columns): columns
    case .trained(let columns): try columns.matrix()
    }
  }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    Edit(
      columns: try columns(), weight: weight, bias: bias, activation: configuration.activation,
      dropout: Dropout(configuration.dropout, mode))
  }

  private final class Edit: ActivationEdit {
    let columns, weight, bias: Tensor
    let activation: Activation
    let dropout: Dropout

    init(columns: Tensor, weight: Tensor, bias: Tensor, activation: Activation, dropout: Dropout) {
      (self.columns, self.weight, self.bias) = (columns, weight, bias)
      (self.activation, self.dropout) = (activation, dropout)
    }

    func callAsFunction(_ h: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      let difference = try activation(h.linear(weight, bias: bias)) - h.matmul(columns)  // sigma(W h + b) - R h
      return try dropout(h + difference.matmul(columns.transposed()))
    }
  }
}
