public import LanguageModels
public import Tensors

/// When a behaviour acts: whether a prompt's hidden state is like its own projection on a vector.
///
/// `s = cos(h, tanh(P h))`, `P = c c^T / |c|^2`, h the mean or last output of one block over the prompt. It is evaluated in a pass
/// of its own on the untouched model, before anything is generated: what comes out does not depend on how the prompt is cut,
/// cached or batched, and each sequence of a batch is decided for itself.
///
/// Source: CAST, arXiv 2409.05907, sec. 3; IBM/activation-steering. Deviations there: the state is the input of the block whose
/// output the vector was found in, the first sequence of a batch decides for all, and `larger` fires below the threshold.
public struct Condition {
  /// On which side of the threshold it fires.
  public enum Side: String, Sendable, CaseIterable {
    /// `s > threshold`.
    case above
    /// `s < threshold`.
    case below
  }

  /// Which state of the prompt is looked at.
  public enum Reading: String, Sendable, CaseIterable {
    /// The mean over all prompt tokens.
    case mean
    /// The last prompt token.
    case last
  }

  /// 0-based block whose output is looked at.
  public var layer: Int
  /// c, `[d]`.
  public var vector: Tensor
  /// What the similarity is compared with.
  public var threshold: Double
  /// On which side of it the condition fires.
  public var side: Side
  /// Which state of the prompt is looked at.
  public var reading: Reading
  /// Whether the projection goes through tanh before it is compared, as in the reference.
  public var squashes: Bool

  /// A condition from its parts.
  public init(
    layer: Int, vector: Tensor, threshold: Double, side: Side = .above, reading: Reading = .mean, squashes: Bool = true
  ) {
    self.layer = layer
    self.vector = vector
    self.threshold = threshold
    self.side = side
    self.reading = reading
    self.squashes = squashes
  }

  /// Whether a similarity fires.
  public func fires(at similarity: Double) -> Bool {
    switch side {
    case .above: similarity > threshold
    case .below: similarity < threshold
    }
  }

  /// Whether the condition fires, for each prompt.
  ///
  /// - Parameter prompts: token ids, at least one each.
  public func fires(on prompts: [[Int32]], model: any LanguageModel) throws(TensorError) -> [Bool] {
    try similarities(of: prompts, in: model).map(fires(at:))
  }

  /// The similarity of each prompt. Layers above ``layer`` are not computed.
  public func similarities(of prompts: [[Int32]], in model: any LanguageModel) throws(TensorError) -> [Double] {
    var found: [Double] = []
    var next = 0
    while next < prompts.count {
      var end = next
      var tokens = 0
      while end < prompts.count, end == next || tokens + prompts[end].count <= Self.budget {
        tokens += prompts[end].count
        end += 1
      }
      let batch = TokenBatch(prompts: Array(prompts[next..<end]))
      found += try withoutGradients { () throws(TensorError) in try self.similarities(of: batch, in: model) }
      next = end
    }
    return found
  }

  /// Tokens of one pass.
  private static let budget = 4096

  private func similarities(of batch: TokenBatch, in model: any LanguageModel) throws(TensorError) -> [Double] {
    let recorder = Recorder()
    var tap = Tap.none
    tap.place(recorder, at: Site(layer: layer, component: .blockOutput), on: .all)
    tap.lastLayer = layer
    _ = try model.hidden(batch, cache: nil, tap: tap)
    guard let hidden = recorder.activations.first else {
      throw .shape(what: "the output of block \(layer)", expected: "rows", got: [])
    }
    var states: [Tensor] = []
    for rows in batch.rows {
      switch reading {
      case .last: states.append(try hidden.narrowed(0, rows.upperBound - 1..<rows.upperBound))
      case .mean: states.append(try hidden.narrowed(0, rows).sum(along: 0, keep: true) / Double(rows.count))
      }
    }
    return try similarities(of: Tensor.concatenated(states, along: 0))
  }

  /// The similarity of each state `[rows, d]`.
  public func similarities(of states: Tensor) throws(TensorError) -> [Double] {
    let h = try states.converted(to: .float32)
    let unit = try vector / vector.norm()
    var projected = try h.matmul(unit.unsqueezed(1)) * unit
    if squashes { projected = try projected.tanh() }
    let product = try (h * projected).sum(along: 1)
    let lengths = try h.norm(along: 1) * projected.norm(along: 1)
    // A state without any part along the vector is like nothing.
    return try (product / (lengths + 1e-30)).values()
  }
}

/// A method whose edit is meant to act only on sequences whose prompt meets a condition.
public protocol Conditional: Intervention {
  /// The condition.
  var condition: Condition { get }
}

extension Adapter {
  /// When this adapter is meant to act; `nil` for always. Whoever runs the model asks it on the prompts and routes sequences.
  public var condition: Condition? {
    parts.lazy.compactMap { ($0.intervention as? any Conditional)?.condition }.first
  }
}
