public import JSON
public import LanguageModels
public import Tensors

/// Rank-1 ReFT with a sparse objective: one direction that detects a concept and steers towards it.
///
/// With the latent `a_i = ReLU(h_i . v)` of position i, `h [rows, d]` and `v [d]`:
///
///     training   Phi(h_i) = h_i + mean(top k of a) v      and the penalty  l1 t mean(a outside the top k)
///     inference  Phi(h_i) = h_i + m v                     m: the largest latent seen lately in training
///     score      max over i of a_i, without an edit       (``Adapter/conceptScores(of:in:)``)
///
/// Mean and top k are those of one sequence, over its edited positions; t grows linearly from 0 to 1 in training. With `clamping`
/// the component `a_i v` is taken away before either is added. Before each update, behind the clipping, v is brought back to
/// length 1 and the gradient loses its component along v. A strength at run time multiplies m, as axbench's steering factor does.
///
/// Source: AxBench, arXiv 2501.17148, ReFT-r1; stanfordnlp/axbench `models/lsreft.py` (the class LsReFT).
/// Deviations: no padding takes part in the top k, nor does the last token of a text, which predicts nothing and is not computed;
/// m is kept from the last tenth of the training so far, where axbench takes it from a pass over its test texts; with clamping a
/// strength multiplies what is taken away too; the unused bias is left out.
public final class ReFTR1: ConceptDetecting, Mergeable {
  /// What becomes of the component along v that was there before.
  public enum Form: String, Sendable, CaseIterable {
    /// It stays.
    case addition
    /// It is taken away where it is positive.
    case clamping
  }

  /// The settings of ReFT-r1.
  public struct Configuration: MethodConfiguration {
    /// How many positions of a sequence say how far it is moved; 8 in axbench. All of a shorter one.
    public var k: Int
    /// Weight of the penalty at the end of training; 0.005 in axbench.
    public var l1: Double
    /// Addition in the paper; axbench has both.
    public var form: Form

    /// Settings that are not checked; ``init(_:)`` refuses k below 1 and a weight below zero.
    public init(k: Int = 8, l1: Double = 0.005, form: Form = .addition) {
      self.k = k
      self.l1 = l1
      self.form = form
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["k", "l1", "form"])
      k = try json.int(ifPresent: "k") ?? 8
      l1 = try json.double(ifPresent: "l1") ?? 0.005
      form = try json.choice("form", default: .addition)
      guard k > 0 else {
        throw AdapterError.setting(key: "k", expected: "above zero", got: "\(k)", method: ReFTR1.method)
      }
      guard l1 >= 0, l1.isFinite else {
        throw AdapterError.setting(key: "l1", expected: "at least zero", got: "\(l1)", method: ReFTR1.method)
      }
    }

    public var json: JSONObject { ["k": .integer(k), "l1": .number(l1), "form": .string(form.rawValue)] }
  }

  public static let method = "reft_r1"
  public static let summary = "h + mean(top-k ReLU(h v)) v: one direction that detects a concept and steers towards it"
  public static let reference = "AxBench, arXiv 2501.17148, ReFT-r1"
  public static let defaultLocations = "-2.block_output@1..-1+generated"

  private let configuration: Configuration
  private let direction: Tensor  // v [d]
  /// m, and the tenth of the training that it is from.
  private var magnitude: (value: Float, tenth: Int)

  public convenience init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    // axbench begins at 0.01 everywhere, and steers by 1 where it has not seen a latent.
    let start = try Tensor.full([target.width], value: 0.01, on: target.device)
    try self.init(configuration, target, start, (1, -1))
  }

  public convenience init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    let direction = try tensors.take("direction", [target.width])
    let magnitude = try tensors.take("magnitude", [1]).item()
    let tenth = tensors.has("tenth") ? try tensors.take("tenth", [1]).item() : -1
    guard let whole = Int(exactly: tenth) else {
      throw AdapterError.setting(key: "tenth", expected: "a whole number", got: "\(tenth)", method: Self.method)
    }
    try self.init(configuration, target, direction, (Float(magnitude), whole))
  }

  private init(
    _ configuration: Configuration, _ target: Target, _ direction: Tensor, _ magnitude: (value: Float, tenth: Int)
  ) throws {
    try target.checkRows(method: Self.method)
    self.configuration = configuration
    self.direction = direction
    self.magnitude = magnitude
    try direction.setRequiresGradient(true)
  }

  public var parameters: [NamedTensor] { [NamedTensor("direction", direction)] }

  /// `direction` v `[d]`, `magnitude` m `[1]`.
  public func saved() throws(TensorError) -> [NamedTensor] {
    [
      NamedTensor("direction", try direction.detached()),
      NamedTensor("magnitude", try Tensor([magnitude.value], on: direction.device)),
    ]
  }

  public func trainingState() throws(TensorError) -> [NamedTensor] {
    try saved() + [NamedTensor("tenth", Tensor([Float(magnitude.tenth)], on: direction.device))]
  }

  /// `ReLU(h . v)`, `[rows]`.
  public func latents(of h: Tensor) throws(TensorError) -> Tensor { try h.matmul(direction).relu() }

  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit {
    let clamps = configuration.form == .clamping
    /// `h + m v`, m one number or one for each row.
    func moved(_ h: Tensor, by m: Tensor, latents: Tensor?) throws(TensorError) -> Tensor {
      let change = if let latents { try m - latents } else { m }
      return try h + change.unsqueezed(1) * direction
    }
    guard let pass = mode.training else {
      let magnitude = try Tensor([magnitude.value], on: direction.device)
      return RowFunction { [self] h throws(TensorError) in
        try moved(h, by: magnitude, latents: clamps ? latents(of: h) : nil)
      }
    }
    let sequences = mode.sequences
    return RowFunction(isRowwise: false, isRepeatable: false) { [self] h throws(TensorError) in
      let latents = try latents(of: h)
      let top = try TopLatents(latents, of: sequences, count: configuration.k)
      note(top.maximum, at: pass.progress)
      let penalty = try (latents * top.otherShares).sum()
      pass.penalise(try penalty * (configuration.l1 * pass.progress))
      return try moved(h, by: top.means, latents: clamps ? latents : nil)
    }
  }

  /// Keeps the largest latent of the tenth of the training that is under way: v moves, so older ones say little.
  private func note(_ latent: Float, at progress: Double) {
    let tenth = Int(progress * 10)
    magnitude = (tenth == magnitude.tenth ? max(magnitude.value, latent) : latent, tenth)
  }

  /// Brings v back to length 1, then takes the component along v out of the gradient: axbench's order.
  public func beforeStep() throws(TensorError) {
    try withoutGradients { () throws(TensorError) in
      let norm = try direction.norm().item()
      try direction.assign(direction.detached() / (norm + Double(Float.ulpOfOne)))
      guard let gradient = try direction.gradient() else { return }
      let along = try (gradient * direction).sum()
      try gradient.assign(gradient - direction.detached() * along)
    }
  }

  public var foldsInto: FoldSide { .offset }

  public func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?) {
    guard configuration.form == .addition else {
      throw AdapterError.notMergeable(method: Self.method, reason: "clamping takes away what the input has along v")
    }
    return try projection.adding(direction.detached() * Double(magnitude.value))
  }
}

/// The largest latents of each sequence, and what else follows from where they are.
private struct TopLatents {
  /// For each row the mean of its sequence's largest latents, `[rows]`, with a graph.
  let means: Tensor
  /// For each row 0 if its latent is among the largest, else one over the rows of its sequence.
  let otherShares: Tensor
  /// The largest of all.
  let maximum: Float

  init(_ latents: Tensor, of sequences: [Range<Int>], count k: Int) throws(TensorError) {
    let values = try latents.detached().values(as: Float.self)
    // Among equals the first ones, whatever the sort does.
    let largest = sequences.map { $0.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(k) }
    let total = largest.reduce(0) { $0 + $1.count }
    var mean = [Float](repeating: 0, count: sequences.count * total)  // [sequences, total]
    var sequenceOfRow = [Int64](repeating: 0, count: values.count)
    var shares = [Float](repeating: 0, count: values.count)
    var column = 0
    for (index, (rows, largest)) in zip(sequences, largest).enumerated() {
      for row in rows { (sequenceOfRow[row], shares[row]) = (Int64(index), 1 / Float(rows.count)) }
      for row in largest {
        shares[row] = 0
        mean[index * total + column] = 1 / Float(largest.count)
        column += 1
      }
    }
    let device = latents.device
    let chosen = try latents.selected(Tensor(largest.joined().map(Int64.init), on: device))
    means = try Tensor(mean, shape: [sequences.count, total], on: device).matmul(chosen)
      .selected(Tensor(sequenceOfRow, on: device))
    otherShares = try Tensor(shares, on: device)
    maximum = values.max() ?? 0
  }
}
