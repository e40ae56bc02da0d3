public import JSON
public import LanguageModels
public import Tensors

/// Weight-decomposed low-rank adaptation: `W' = m (W + s B A) / |W + s B A|`, one magnitude and one norm for each output.
///
/// `x [rows, in]`, `y [rows, out]`; `m [out]` begins at the norms of W's rows; `A [r, in]`, `B [out, r]` and s are those of
/// ``LoRA``. With `g = m / |W + s B A|` the edit is `y + (g - 1) (y - b) + g s B A x`: nothing of the size of W is kept. The
/// norms carry no gradient (section 4.3). They take one pass over W in blocks of rows, and serve every pass until A or B is
/// another.
///
/// Source: arXiv 2402.09353, eq. 5 and section 4.3; peft `tuners/lora/dora.py`. With dropout the part `(g - 1) W x` too is that
/// of the thinned input, as in peft.
/// Deviation: none in the formula; m, A, B and the norms are float32 whatever the model's type.
public final class DoRA: Intervention, Mergeable {
  /// The settings of DoRA: those of LoRA.
  public struct Configuration: MethodConfiguration {
    /// Rank, alpha, dropout and patterns.
    public var lowRank: LoRA.Configuration

    /// Settings that are not checked.
    public init(_ lowRank: LoRA.Configuration = .init()) { self.lowRank = lowRank }

    public init(_ json: JSONReader) throws { lowRank = try LoRA.Configuration(json, of: DoRA.method) }

    public var json: JSONObject { lowRank.json }
  }

  public static let method = "dora"
  public static let summary =
    "m (W + s B A) / |W + s B A|: a low-rank change of direction and a magnitude for each output"
  public static let reference = "DoRA, arXiv 2402.09353, eq. 5"
  public static let defaultLocations = LoRA.defaultLocations
  public static var startsAsIdentity: Bool { true }

  private let dropout: Double
  private let map: Projection
  private let change: LowRankMap
  private let magnitude: Tensor  // m [out]
  private let norms: RowNorms

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    dropout = configuration.lowRank.dropout
    map = try target.linearMap(for: Self.method)
    change = try LowRankMap(configuration.lowRank, on: target, of: Self.method, using: random)
    norms = RowNorms(try map.weight, change)
    magnitude = try norms.untrained()
    try magnitude.setRequiresGradient(true)
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    dropout = configuration.lowRank.dropout
    map = try target.linearMap(for: Self.method)
    change = try LowRankMap(configuration.lowRank, on: target, of: Self.method, restoring: tensors)
    norms = RowNorms(try map.weight, change)
    magnitude = try tensors.take("magnitude", [map.matrix.outputs])
    try magnitude.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] { change.parameters + [NamedTensor("magnitude", magnitude)] }

  /// g `[out]`.
  private func gain() throws(TensorError) -> Tensor { try magnitude / norms.current() }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    Edit(map: map, change: change, gain: try gain(), dropout: Dropout(dropout, mode))
  }

  private final class Edit: ActivationEdit {
    let map: Projection
    let change: LowRankMap
    let gain: Tensor
    let dropout: Dropout
    var isRowwise: Bool { !dropout.isActive }

    init(map: Projection, change: LowRankMap, gain: Tensor, dropout: Dropout) {
      (self.map, self.change, self.gain, self.dropout) = (map, change, gain, dropout)
    }

    func callAsFunction(_ y: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      let x = try dropout(input.ofLinearMap)
      let plain =
        try dropout.isActive
        ? x.linear(map.weight.converted(to: x.dtype)) : map.bias.map { b throws(TensorError) in try y - b } ?? y
      return try y + (gain + -1) * plain + gain * change(x)
    }
  }

  public var foldsInto: FoldSide { .writer }

  /// `g (W + s B A)`; what stands in the bias beyond that of the model comes from earlier edits and is scaled with the rest.
  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    let gain = try gain().detached()
    let weight = try projection.weight + change.change(0..<projection.matrix.outputs)
    let bias = try projection.bias.map { bias in
      let added = try map.bias.map { try bias - $0 } ?? bias
      return try bias + (gain + -1) * added
    }
    return (try weight * gain.unsqueezed(1), bias)
  }
}

/// `|W + s B A|`, one norm for each row, for as long as A and B stay what they are.
///
/// The sum is formed for a block of rows at a time: as exact as the whole, in a quarter of the time (26 against 107 ms at 4096
/// x 4096 and rank 8, one thread), and without its memory.
private final class RowNorms {
  private static let block = 64

  private let weight: Tensor
  private let change: LowRankMap
  private var known: (versions: [Int], norms: Tensor)?

  init(_ weight: Tensor, _ change: LowRankMap) { (self.weight, self.change) = (weight, change) }

  /// The norms of W alone.
  func untrained() throws(TensorError) -> Tensor { try norms { _ in nil } }

  /// The norms with A and B as they are now.
  func current() throws(TensorError) -> Tensor {
    try withoutGradients { () throws(TensorError) in
      let versions = [change.A.version, change.B.version]
      if let known, known.versions == versions { return known.norms }
      let norms = try norms { rows throws(TensorError) in try change.change(rows) }
      known = (versions, norms)
      return norms
    }
  }

  private func norms(plus change: (Range<Int>) throws(TensorError) -> Tensor?) throws(TensorError) -> Tensor {
    var parts: [Tensor] = []
    for start in stride(from: 0, to: weight.size(0), by: Self.block) {
      let rows = start..<min(start + Self.block, weight.size(0))
      let block = try weight.narrowed(0, rows)
      parts.append(try (change(rows).map { added throws(TensorError) in try block + added } ?? block).norm(along: 1))
    }
    return try Tensor.concatenated(parts, along: 0)
  }
}
