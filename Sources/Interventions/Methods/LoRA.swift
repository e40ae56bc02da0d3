public import JSON
public import LanguageModels
public import Tensors

/// Low-rank adaptation of a linear map: `y + s B A x`, where `y = W x` is the map's output and x its input.
///
/// `x [rows, in]`, `y [rows, out]`, `A [r, in]`, `B [out, r]`, `s = alpha / r`, or `alpha / sqrt r` rank-stabilised. The sites
/// are outputs of linear maps: query, key, value and attention_output are the maps q, k, v and o, mlp_gate, mlp_up and
/// mlp_output gate, up and down. The sum `W + s B A` is never formed before a merge.
///
/// Source: arXiv 2106.09685, section 4.1; rsLoRA: arXiv 2312.03732; peft `tuners/lora`, whose defaults these are.
/// Deviation: of overlapping patterns the one that names layers counts, where peft takes the first in its order.
public final class LoRA: Intervention, Mergeable, Summable {
  /// The settings of LoRA, and of DoRA.
  public struct Configuration: MethodConfiguration {
    /// Rank r; 8 in peft.
    public var rank: Int
    /// alpha of the scaling s; 8 in peft.
    public var alpha: Double
    /// Probability of zeroing an entry of the input x in training, for the change alone; 0 in peft.
    public var dropout: Double
    /// Whether `s = alpha / sqrt r` (rsLoRA).
    public var rankStabilised: Bool
    /// Other ranks for some sites.
    public var rankPattern = SitePatterns<Int>()
    /// Other alphas for some sites.
    public var alphaPattern = SitePatterns<Double>()

    /// Settings that are not checked; ``init(_:)`` refuses a rank below 1, an alpha that is not above zero, and a dropout outside
    /// `0..<1`.
    public init(rank: Int = 8, alpha: Double = 8, dropout: Double = 0, rankStabilised: Bool = false) {
      self.rank = rank
      self.alpha = alpha
      self.dropout = dropout
      self.rankStabilised = rankStabilised
    }

    public init(_ json: JSONReader) throws { try self.init(json, of: LoRA.method) }

    init(_ json: JSONReader, of method: String) throws {
      func rank(_ value: Int, _ key: String) throws -> Int {
        guard value > 0 else { throw Self.error(key, "above zero", "\(value)", method) }
        return value
      }
      func alpha(_ value: Double, _ key: String) throws -> Double {
        guard value > 0, value.isFinite else { throw Self.error(key, "above zero", "\(value)", method) }
        return value
      }
      try json.allow(only: ["rank", "alpha", "dropout", "rslora", "rank_pattern", "alpha_pattern"])
      self.rank = try json.rank(method: method)
      self.alpha = try alpha(json.double(ifPresent: "alpha") ?? 8, "alpha")
      dropout = try json.dropout(method: method)
      rankStabilised = try json.bool(ifPresent: "rslora") ?? false
      rankPattern = try SitePatterns(ifPresent: "rank_pattern", in: json) {
        try rank($0.int($1), "rank_pattern.\($1)")
      }
      alphaPattern = try SitePatterns(ifPresent: "alpha_pattern", in: json) {
        try alpha($0.double($1), "alpha_pattern.\($1)")
      }
    }

    public var json: JSONObject {
      [
        "rank": .integer(rank), "alpha": .number(alpha), "dropout": .number(dropout), "rslora": .bool(rankStabilised),
        "rank_pattern": rankPattern.json { .integer($0) }, "alpha_pattern": alphaPattern.json { .number($0) },
      ]
    }

    private static func error(_ key: String, _ expected: String, _ got: String, _ method: String) -> AdapterError {
      .setting(key: key, expected: expected, got: got, method: method)
    }
  }

  public static let method = "lora"
  public static let summary = "y + s B A x, s = alpha / r: a low-rank change of a linear map"
  public static let reference = "LoRA, arXiv 2106.09685, sec. 4.1"
  public static let defaultLocations = "all.query@all;all.value@all"
  public static var startsAsIdentity: Bool { true }

  private let dropout: Double
  private let change: LowRankMap

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    dropout = configuration.dropout
    change = try LowRankMap(configuration, on: target, of: Self.method, using: random)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    dropout = configuration.dropout
    change = try LowRankMap(configuration, on: target, of: Self.method, restoring: tensors)
  }

  public var parameters: [NamedTensor] { change.parameters }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    Edit(change: change, dropout: Dropout(dropout, mode))
  }

  private final class Edit: ActivationEdit {
    let change: LowRankMap
    let dropout: Dropout
    var isRowwise: Bool { !dropout.isActive }

    init(change: LowRankMap, dropout: Dropout) { (self.change, self.dropout) = (change, dropout) }

    func callAsFunction(_ y: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      try y + change(dropout(input.ofLinearMap))
    }
  }

  public var rank: Int { change.A.size(0) }

  /// Ranks are joined; alpha becomes the rank, so that the scaling is 1.
  public static func settings(ofSum terms: [LoRA], rank: Int) -> JSONObject {
    Configuration(rank: rank, alpha: Double(rank)).json
  }

  /// `sum w_i s_i B_i A_i = [w_1 s_1 B_1, w_2 s_2 B_2, ...] [A_1; A_2; ...]`.
  public static func sum(_ terms: [(term: LoRA, weight: Double)], rank: Int) throws -> [NamedTensor] {
    let rows = try terms.map { try ($0.term.change.B.detached() * ($0.term.change.scaling * $0.weight)).transposed() }
    return [
      NamedTensor("A", try .stacked(terms.map { try $0.term.change.A.detached() }, rows: rank)),
      NamedTensor("B", try Tensor.stacked(rows, rows: rank).transposed().contiguous()),
    ]
  }

  public var foldsInto: FoldSide { .writer }

  /// `W x + s B A x = (W + s B A) x`.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    (try projection.weight + change.change(0..<projection.matrix.outputs), projection.bias)
  }
}
