public import JSON
public import LanguageModels
public import Tensors

/// Activation steering: a fixed vector c at any site, added, added with the sign of `h.c`, or taken out.
///
/// `h [rows, width]` at any site, `c [width]`, k a plain factor of c as it is: a vector of length one moves h by k.
/// `add`: `h + k c`. `piecewise`: `h + k c sign(h.c)`. `projection`: `h - k (c.h / |c|^2) c`, which at k = 1 leaves nothing of
/// h along c. `normalise` scales each edited row back to the length it had. Rows of heads are taken as one long row. Nothing is
/// trained: `reft fit` finds the vectors. Plain addition at `@all` positions is a bias and folds.
///
/// Source: RepE, arXiv 2310.01405, sec. 3.2.1; ReFT, arXiv 2404.03592, app. A; vgel/repeng.
/// Deviations: RepE's repository has no projection and masks padding, of which there is none here; positions say where it acts.
public final class Steering: Intervention, Mergeable, ConstantEdit {
  /// How the vector meets the activation.
  public enum Operator: String, Sendable, CaseIterable {
    /// `h + k c`.
    case add
    /// `h + k c sign(h.c)`.
    case piecewise
    /// `h - k (c.h / |c|^2) c`.
    case projection
  }

  /// The settings of steering.
  public struct Configuration: MethodConfiguration {
    /// k.
    public var coefficient: Double
    /// How the vector meets the activation.
    public var `operator`: Operator
    /// Whether a row keeps its length.
    public var normalise: Bool

    /// Settings that are not checked; ``init(_:)`` refuses a coefficient that is not finite.
    public init(coefficient: Double = 1, operator: Operator = .add, normalise: Bool = false) {
      self.coefficient = coefficient
      self.operator = `operator`
      self.normalise = normalise
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: Self.keys)
      try self.init(shared: json, method: Steering.method)
    }

    static let keys = ["coefficient", "operator", "normalise"]

    /// The settings that other methods of steering have too.
    init(shared json: JSONReader, method: String) throws {
      coefficient = try json.double(ifPresent: "coefficient") ?? 1
      `operator` = try json.choice("operator", default: .add)
      normalise = try json.bool(ifPresent: "normalise") ?? false
      guard coefficient.isFinite else {
        throw AdapterError.setting(key: "coefficient", expected: "a number", got: "\(coefficient)", method: method)
      }
    }

    public var json: JSONObject {
      [
        "coefficient": .number(coefficient), "operator": .string(`operator`.rawValue), "normalise": .bool(normalise),
      ]
    }
  }

  public static let method = "steering"
  public static let summary = "h + k c, h + k c sign(h.c) or h - k (c.h/|c|^2) c with a fixed vector c; fitted"
  public static let reference = "RepE, arXiv 2310.01405, sec. 3.2; repeng"
  public static let defaultLocations = "all.block_output@all"
  public static var whyNotFoldable: String { "piecewise addition, projection and kept norms depend on the input" }

  /// c, saved under this name.
  public let vector: SteeringVector
  private let configuration: Configuration

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    self.configuration = configuration
    vector = try SteeringVector(on: target, using: random)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    self.configuration = configuration
    vector = try SteeringVector(on: target, restoring: tensors)
  }

  public var parameters: [NamedTensor] { [] }

  public func saved() throws(TensorError) -> [NamedTensor] { try vector.saved }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { try vector.edit(configuration) }

  public var isConstant: Bool { configuration.operator == .add && !configuration.normalise }

  public var foldsInto: FoldSide { vector.foldsInto }

  /// `W (z + c) = W z + W c` where a projection reads the site, `(W x + b) + c` where one writes it.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    guard isConstant else {
      throw AdapterError.notMergeable(method: Self.method, reason: Self.whyNotFoldable)
    }
    let whole = try vector.row * configuration.coefficient
    return try projection.adding(foldsInto == .reader ? projection.weight.matmul(whole) : whole)
  }
}
