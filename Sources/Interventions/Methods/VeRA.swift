public import JSON
public import LanguageModels
public import Tensors

/// Vector-based random matrix adaptation: `y + b * (B (d * (A x)))`, A and B random, frozen and shared by all sites.
///
/// `x [rows, in]`, `y [rows, out]`. `d [r]` and `b [out]` are trained; `A [r, widest in]`, `B [widest out, r]` are made once an
/// adapter, of which a site takes the first columns and rows. They follow from `projection_prng_key`, number by number as in
/// peft, so they are not saved.
///
/// Source: arXiv 2310.11454, eq. 2; peft `tuners/vera`, whose defaults these are.
/// Deviation: none in the formula; peft saves A and B unless it is told not to, here their key is enough.
public final class VeRA: Intervention, Mergeable {
  /// The settings of VeRA.
  public struct Configuration: MethodConfiguration {
    /// Rank r of the shared matrices; 256 in peft.
    public var rank: Int
    /// The seed of A and B; 0 in peft.
    public var projectionKey: Int
    /// Where every entry of d begins; 0.1 in peft.
    public var dInitial: Double
    /// Probability of zeroing an entry of the input x in training; 0 in peft.
    public var dropout: Double

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1, a key below zero, an initial value of zero, and a
    /// dropout outside `0..<1`.
    public init(rank: Int = 256, projectionKey: Int = 0, dInitial: Double = 0.1, dropout: Double = 0) {
      self.rank = rank
      self.projectionKey = projectionKey
      self.dInitial = dInitial
      self.dropout = dropout
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["rank", "projection_prng_key", "d_initial", "dropout"])
      rank = try json.rank(method: VeRA.method, default: 256)
      projectionKey = try json.int(ifPresent: "projection_prng_key") ?? 0
      dInitial = try json.double(ifPresent: "d_initial") ?? 0.1
      dropout = try json.dropout(method: VeRA.method)
      guard projectionKey >= 0 else { throw Self.error("projection_prng_key", "at least zero", "\(projectionKey)") }
      guard dInitial != 0, dInitial.isFinite else {
        throw Self.error("d_initial", "another number than zero, where no gradient reaches b", "\(dInitial)")
      }
    }

    public var json: JSONObject {
      [
        "rank": .integer(rank), "projection_prng_key": .integer(projectionKey), "d_initial": .number(dInitial),
        "dropout": .number(dropout),
      ]
    }

    private static func error(_ key: String, _ expected: String, _ got: String) -> AdapterError {
      .setting(key: key, expected: expected, got: got, method: VeRA.method)
    }
  }

  public static let method = "vera"
  public static let summary = "y + b B (d A x): trained vectors around random matrices that all sites share"
  public static let reference = "VeRA, arXiv 2310.11454, eq. 2"
  public static let defaultLocations = "all.query@all;all.value@all"
  public static var startsAsIdentity: Bool { true }

  private let dropout: Double
  private let A: Tensor  // [r, in], frozen
  private let B: Tensor  // [out, r], frozen
  private let d: Tensor  // [r]
  private let b: Tensor  // [out]

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    let d = try Tensor.full([configuration.rank], value: configuration.dInitial, on: target.device)
    let b = try Tensor.zeros([target.width], on: target.device)
    try self.init(configuration, target, d: d, b: b)
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let d = try tensors.take("d", [configuration.rank])
    try self.init(configuration, target, d: d, b: tensors.take("b", [target.width]))
  }

  private init(_ configuration: Configuration, _ target: Target, d: Tensor, b: Tensor) throws {
    let map = try target.linearMap(for: Self.method)
    let (outputs, inputs) = (map.matrix.outputs, map.matrix.inputs)
    let widest = target.peers.reduce((outputs: outputs, inputs: inputs)) { size, site in
      (
        max(size.outputs, target.shape.width(of: site.component)),
        max(size.inputs, target.shape.inputWidth(of: site.component) ?? 0)
      )
    }
    let shared = target.shared
    let wholeA = try shared("vera_A") { () throws in
      try Self.projections(configuration, inputs: widest.inputs, outputs: 0).A.moved(to: target.device)
    }
    let wholeB = try shared("vera_B") { () throws in
      try Self.projections(configuration, inputs: widest.inputs, outputs: widest.outputs).B.moved(to: target.device)
    }
    A = try wholeA.narrowed(1, 0..<inputs)
    B = try wholeB.narrowed(0, 0..<outputs)
    (self.d, self.b) = (d, b)
    dropout = configuration.dropout
    try d.setRequiresGradient(true)
    try b.setRequiresGradient(true)
  }

  /// A `[r, inputs]`, then B `[outputs, r]`, from one stream on the CPU: Kaiming's uniform, `±sqrt 3 sqrt 2 / sqrt fan-in`.
  static func projections(
    _ configuration: Configuration, inputs: Int, outputs: Int
  ) throws(TensorError) -> (A: Tensor, B: Tensor) {
    let random = try RandomSource(seed: UInt64(configuration.projectionKey))
    func bound(_ fanIn: Int) -> Double {
      Double(3).squareRoot() * (Double(2).squareRoot() / Double(fanIn).squareRoot())
    }
    let (a, b) = (bound(inputs), bound(configuration.rank))
    let A = try random.uniform([configuration.rank, inputs], in: -a..<a)
    return (A, try random.uniform([outputs, configuration.rank], in: -b..<b))
  }

  public var parameters: [NamedTensor] { [NamedTensor("d", d), NamedTensor("b", b)] }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    Edit(A: A, B: B, d: d, b: b, dropout: Dropout(dropout, mode))
  }

  private final class Edit: ActivationEdit {
    let A, B, d, b: Tensor
    let dropout: Dropout
    var isRowwise: Bool { !dropout.isActive }

    init(A: Tensor, B: Tensor, d: Tensor, b: Tensor, dropout: Dropout) {
      (self.A, self.B, self.d, self.b, self.dropout) = (A, B, d, b, dropout)
    }

    func callAsFunction(_ y: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      try y + (dropout(input.ofLinearMap).linear(A) * d).linear(B) * b
    }
  }

  public var foldsInto: FoldSide { .writer }

  /// `W + diag(b) B diag(d) A`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    let change = try (B * b.detached().unsqueezed(1)).matmul(A * d.detached().unsqueezed(1))
    return (try projection.weight + change, projection.bias)
  }
}
