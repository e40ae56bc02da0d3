public import Tensors

/// A probe that gives a statement and its negation opposite answers, found without labels (CCS).
///
/// `p(x) = sigmoid(w.x + b)` on rows of which each side's mean was taken away;
/// `loss = mean((p+ - (1 - p-))^2 + min(p+, p-)^2)`. AdamW for some steps from several starts; the lowest loss counts.
///
/// Source: Burns et al., arXiv 2212.03827, sec. 2.2; the constants are those of its code.
public struct ContrastConsistency: Sendable {
  /// Starts from which it is tried.
  public var tries = 10
  /// Updates from each start.
  public var steps = 1000
  /// Rate of AdamW.
  public var learningRate = 1e-3
  /// Decay of AdamW.
  public var weightDecay = 0.01

  /// The constants of the paper's code.
  public init() {}

  /// The direction w, of no particular sign, and the loss that it was chosen by.
  ///
  /// - Parameters:
  ///   - positive: rows `[pairs, d]` of float64; `negative`: those of their partners.
  public func fit(
    positive: Tensor, negative: Tensor, using random: RandomSource
  ) throws -> (weight: [Double], loss: Double) {
    let width = positive.size(1)
    let bound = 1 / Double(width).squareRoot()
    var best: (weight: [Double], loss: Double)?
    for _ in 0..<max(1, tries) {
      let start = try random.uniform([width + 1], in: -bound..<bound).values(as: Double.self)
      let found = try descend(
        positive: positive, negative: negative, weight: Array(start.prefix(width)), intercept: start[width])
      if found.loss < best?.loss ?? .infinity { best = (found.weight, found.loss) }
    }
    guard let best else { throw FittingError.notFinite(what: "the loss of ccs") }
    return best
  }

  /// The descent from one start: the weight after the last update and the loss before it, as the reference has it.
  public func descend(
    positive: Tensor, negative: Tensor, weight: [Double], intercept: Double
  ) throws -> (weight: [Double], intercept: Double, loss: Double) {
    let samples = Double(positive.size(0))
    let up = try positive - positive.sum(along: 0, keep: true) / samples
    let down = try negative - negative.sum(along: 0, keep: true) / samples
    let w = try Tensor(weight, shape: [1, weight.count])
    let b = try Tensor([intercept])
    for leaf in [w, b] { try leaf.setRequiresGradient(true) }
    let leaves = [w, b]
    var moments: [Tensor] = []
    for leaf in leaves + leaves { moments.append(try Tensor.zeros(leaf.shape, dtype: .float64)) }
    let rule = FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: weightDecay)
    var loss = Double.infinity
    for step in 1...max(1, steps) {
      let p = try up.linear(w, bias: b).sigmoid()
      let n = try down.linear(w, bias: b).sigmoid()
      let consistency = try p + n + -1
      let least = try p - (p - n).relu()
      let value = try (consistency * consistency + least * least).sum() / samples
      try value.backward()
      loss = try value.detached().item()
      var gradients: [Tensor] = []
      for leaf in leaves {
        guard let gradient = try leaf.gradient() else { throw FittingError.notFinite(what: "the gradient of ccs") }
        gradients.append(gradient)
      }
      try rule.update(
        leaves, gradients: gradients, firstMoments: Array(moments.prefix(2)), secondMoments: Array(moments.suffix(2)),
        step: step, learningRate: learningRate)
      for leaf in leaves { try leaf.clearGradient() }
    }
    return (try w.detached().values(), try b.detached().values(as: Double.self)[0], loss)
  }
}
