import Fitting
import JSON
import Tensors
import Testing
import _TestSupport

/// Probes and directions against scikit-learn, repeng and the papers' formulas (scripts/goldens/probes.py).
@Suite(.engineAlone) struct ProbeParity {
  /// The golden's rows: 2i is true, 2i + 1 its false partner.
  static func samples(_ golden: Golden, _ name: String) throws -> Samples {
    let rows = try golden.tensor(name).converted(to: .float64)
    let count = rows.size(0)
    return Samples(
      rows: rows, labels: (0..<count).map { $0 % 2 == 0 },
      pairs: (0..<count / 2).map { (positive: 2 * $0, negative: 2 * $0 + 1) })
  }

  @Test(arguments: ["tall", "wide"], ["1.0", "0.01"])
  func `logistic regression is scikit-learn's at its optimum`(name: String, strength: String) throws {
    let golden = try Golden("probes")
    let samples = try Self.samples(golden, name)
    let probe = try LogisticRegression(samples.rows, samples.labels, strength: try #require(Double(strength)))
    let key = "\(name).logistic.\(strength)"
    try golden.expect(Tensor(probe.weight), equals: key + ".weight")
    try golden.expect(Tensor([probe.intercept]), equals: key + ".intercept")
    try golden.expect(Tensor([probe.accuracy(samples.rows, samples.labels)]), equals: key + ".accuracy")
    let other = try LogisticRegression(samples.rows, samples.labels, strength: 0.3)
    try golden.expectDiffers(Tensor(other.weight), from: key + ".weight")
  }

  @Test(arguments: ["tall", "wide"])
  func `directions, their signs and deviations are the references'`(name: String) throws {
    let golden = try Golden("probes")
    let samples = try Self.samples(golden, name)
    for kind: Direction.Kind in [.meanDifference, .probeWeight, .pcaDifference, .pcaCentred, .pcaPairwise] {
      let key = "\(name).\(kind.rawValue)"
      let found = try Direction(kind, in: samples, using: RandomSource(seed: 1))
      try golden.expect(Tensor(found.vector), equals: key)
      try golden.expect(Tensor([found.deviation]), equals: key + ".sigma")
      try golden.expect(Tensor([found.centre]), equals: key + ".centre")
      try golden.expectDiffers(Tensor(found.vector.map { -$0 }), from: key)
      if kind == .pcaDifference { try golden.expect(Tensor(found.vector), equals: "\(name).repeng.pca_diff") }
    }
  }

  @Test(arguments: ["tall", "wide"])
  func `a contrast-consistent probe takes torch's steps`(name: String) throws {
    let golden = try Golden("probes")
    let samples = try Self.samples(golden, name)
    let up = try samples.rows.selected(Tensor(samples.pairs.map { Int64($0.positive) }))
    let down = try samples.rows.selected(Tensor(samples.pairs.map { Int64($0.negative) }))
    var ccs = ContrastConsistency()
    ccs.steps = try golden.facts.reader("ccs").int("steps")
    let start = try golden.floats("\(name).start").map(Double.init)
    let found = try ccs.descend(positive: up, negative: down, weight: start, intercept: 0)
    try golden.expect(Tensor(found.weight), equals: "\(name).ccs.weight")
    try golden.expect(Tensor([found.intercept]), equals: "\(name).ccs.bias")
    try golden.expect(Tensor([found.loss]), equals: "\(name).ccs.loss")
    let swapped = try ccs.descend(positive: up, negative: up, weight: start, intercept: 0)
    try golden.expectDiffers(Tensor(swapped.weight), from: "\(name).ccs.weight")
  }

  @Test func `ccs from random starts separates what its pairs differ in`() throws {
    let samples = try Self.samples(Golden("probes"), "tall")
    let found = try Direction(.ccs, in: samples, using: RandomSource(seed: 3))
    let projections = try Projections(of: samples.rows, on: found.vector)
    let right = samples.pairs.count { projections.values[$0.positive] > projections.values[$0.negative] }
    #expect(right * 2 > samples.pairs.count)
  }

  @Test func `a component is found where two are nearly as strong`() throws {
    // Variances 1 and 1 - 1e-6 along two known axes.
    let (a, b) = (1.0, (1 - 1e-6).squareRoot())
    let rows = try Tensor([a, 0, -a, 0, 0, b, 0, -b], shape: [4, 2])
    let samples = Samples(rows: rows, labels: [true, false, true, false])
    let found = try Direction(.pcaCentred, in: samples, using: RandomSource(seed: 1))
    #expect(abs(found.vector[0] - 1) < 1e-9 && abs(found.vector[1]) < 1e-9)
  }

  @Test func `what cannot be fitted is one clear error`() throws {
    let rows = try Tensor([1.0, 2, 3, 4], shape: [2, 2])
    let random = try RandomSource(seed: 1)
    expect(FittingError.oneClass(label: true, count: 2)) {
      _ = try LogisticRegression(rows, [true, true])
    }
    expect(FittingError.needsPairs(kind: "pca_diff")) {
      _ = try Direction(.pcaDifference, in: Samples(rows: rows, labels: [true, false]), using: random)
    }
    let same = Samples(rows: try Tensor([1.0, 2, 1, 2], shape: [2, 2]), labels: [true, false])
    expect(FittingError.noDirection(kind: "mean_difference", place: "3.block_output")) {
      _ = try Direction(.meanDifference, in: same, using: random, place: "3.block_output")
    }
    expect(FittingError.noDirection(kind: "pca_center", place: "activations")) {
      _ = try Direction(.pcaCentred, in: same, using: random)
    }
  }
}
