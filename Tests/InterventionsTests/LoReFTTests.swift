import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// LoReFT's own laws: the rotation stays one, and nothing as large as the width squared is kept.
@Suite(.engineAlone) struct LoReFTLaws {
  private let random: RandomSource
  private static let method = "loreft"

  init() throws { random = try RandomSource(seed: 7) }

  private func shape(width: Int) -> ModelShape {
    ModelShape(
      layers: 1, hidden: width, heads: 1, kvHeads: 1, headDim: width, intermediate: width, vocabulary: 8,
      contextLength: 64)
  }

  private func target(width: Int) -> Target {
    Target(site: Site(layer: 0, component: .blockOutput), shape: shape(width: width))
  }

  private func loreft(width: Int, rank: Int, dropout: Double = 0) throws -> LoReFT {
    try LoReFT(LoReFT.Configuration(rank: rank, dropout: dropout), on: target(width: width), using: random)
  }

  /// The largest entry of `|R R^T - I|`, in double precision from the stored float32 values.
  private func defect(_ intervention: LoReFT) throws -> Double {
    let rotation = try #require(try intervention.saved().first { $0.name == "rotation" }).tensor
    let (r, d) = (rotation.size(0), rotation.size(1))
    let values = try rotation.values(as: Double.self)
    var worst = 0.0
    for i in 0..<r {
      for j in 0..<r {
        let product = (0..<d).reduce(0.0) { $0 + values[i * d + $1] * values[j * d + $1] }
        worst = max(worst, abs(product - (i == j ? 1 : 0)))
      }
    }
    return worst
  }

  /// Adam with a large rate on a random linear objective of the edited states.
  private func train(_ intervention: LoReFT, width: Int, steps: Int, rate: Double) throws {
    var descent = try Descent([intervention])
    for _ in 0..<steps {
      let h = try random.normal([16, width])
      let direction = try random.normal([16, width])
      let score = try intervention.edited(h, .training(TrainingPass(random: random))) * direction
      try descent.update(by: score.sum(), rate: rate)
    }
  }

  private func restored(_ tensors: [NamedTensor], width: Int, rank: Int) throws -> LoReFT {
    try LoReFT(
      LoReFT.Configuration(rank: rank), on: target(width: width), restoring: SavedTensors(tensors, source: "test"))
  }

  @Test(arguments: [(32, 3), (32, 1), (8, 8), (7, 6), (576, 8), (1, 1)])
  func `the rotation is orthonormal at the start, after hard training, and after saving and resuming`(
    width: Int, rank: Int
  ) throws {
    // Rounding of float32 grows with the length of the sums: measured 7e-7 at most up to width 32, 2e-6 at width 576 with
    // coordinates driven to about 10.
    let limit = width > 100 ? 4e-6 : 1e-6
    try withoutLeaks {
      let intervention = try loreft(width: width, rank: rank)
      #expect(try defect(intervention) < limit)
      let before = try intervention.saved().map { try $0.tensor.values(as: Float.self) }
      try train(intervention, width: width, steps: width > 100 ? 20 : 200, rate: 0.5)
      #expect(try defect(intervention) < limit)
      // With one row and one column there is nothing to turn: R is 1 or -1.
      let after = try intervention.saved().map { try $0.tensor.values(as: Float.self) }
      #expect((after[0] != before[0]) == (width > 1) && after[1] != before[1])

      #expect(try defect(restored(intervention.saved(), width: width, rank: rank)) < limit)
      let resumed = try restored(intervention.trainingState(), width: width, rank: rank)
      #expect(try defect(resumed) < limit)
      try train(resumed, width: width, steps: 50, rate: 0.5)
      #expect(try defect(resumed) < limit)
    }
  }

  @Test func `no tensor of an adapter is as large as the width squared`() throws {
    let (width, rank) = (32, 3)
    let intervention = try loreft(width: width, rank: rank)
    let tensors = try intervention.parameters + intervention.saved() + intervention.trainingState()
    for tensor in tensors { #expect(tensor.tensor.elementCount <= width * rank, "\(tensor.name)") }
    #expect(try intervention.saved().map(\.name) == ["rotation", "weight", "bias"])
  }

  @Test func `a rank above the width is an error that names both`() throws {
    let error = try thrown(AdapterError.self) { _ = try loreft(width: 8, rank: 9) }
    #expect(
      error == .setting(key: "rank", expected: "at most the width 8 of block_output", got: "9", method: Self.method))
    #expect(error == (try thrown(AdapterError.self) { _ = try restored([], width: 8, rank: 9) }))
  }

  @Test func `untied ends have two parts a layer, tied ends one`() throws {
    let model = try TinyModel.load()
    func parts(_ positions: String) throws -> [String] {
      try Adapter(
        .init(
          method: Self.method, settings: ["rank": 2],
          locations: Location.list(parsing: "all.block_output@\(positions)")),
        of: InterventionRegistry.standard.method(Self.method), for: model, using: random
      ).parts.map(\.key)
    }
    #expect(
      try parts("f2|l2") == [
        "0.block_output.first", "0.block_output.last", "1.block_output.first", "1.block_output.last",
        "2.block_output.first", "2.block_output.last",
      ])
    #expect(try parts("f2+l2") == ["0.block_output", "1.block_output", "2.block_output"])
  }

  @Test func `an edit whose source is its own rotation changes nothing`() throws {
    let (width, rank) = (32, 3)
    let saved = try loreft(width: width, rank: rank).saved()
    let rotation = try #require(saved.first { $0.name == "rotation" }).tensor
    func edited(bias: Double) throws -> (before: [Float], after: [Float]) {
      let intervention = try restored(
        [
          NamedTensor("rotation", rotation), NamedTensor("weight", rotation),
          NamedTensor("bias", try Tensor.full([rank], value: bias)),
        ], width: width, rank: rank)
      let h = try random.normal([20, width])
      return (try h.values(), try intervention.edited(h).values())
    }
    let same = try edited(bias: 0)
    // R h is evaluated in two layouts of R: rounding of a sum of 32 products, and no more.
    #expect(gap(same.before, same.after) < 2e-6)
    let other = try edited(bias: 0.1)
    #expect(gap(other.before, other.after) > 1e-2)
  }

  @Test func `a full rank edit replaces the whole state by its source`() throws {
    let width = 6
    let intervention = try loreft(width: width, rank: width)
    let (rotation, weight, bias) = try {
      let saved = try intervention.saved().map(\.tensor)
      return (saved[0], saved[1], saved[2])
    }()
    let h = try random.normal([5, width])
    // R^T R = I, so h + R^T (W h + b - R h) = R^T (W h + b).
    let expected = try h.linear(weight, bias: bias).matmul(rotation)
    #expect(gap(try intervention.edited(h).values(), try expected.values()) < 1e-5)
  }

  @Test(arguments: [
    // Part E of the papers' own counts: layers, width, rank, count.
    (32, 4096, 8, 2_097_408), (40, 5120, 8, 3_277_120), (8, 4096, 4, 262_176), (4, 4096, 4, 131_088),
    (12, 768, 1, 18_444), (24, 1024, 1, 49_176), (1, 4096, 4, 32_772),
  ])
  func `parameters are counted as the paper counts them`(parts: Int, width: Int, rank: Int, count: Int) throws {
    #expect(try loreft(width: width, rank: rank).parameterCount * parts == count)
    #expect(parts * (2 * width * rank + rank) == count)
  }

  @Test func `dropout falls on the whole edited state and keeps its mean`() throws {
    let (width, rows, p) = (16, 4000, 0.25)
    let intervention = try loreft(width: width, rank: 2, dropout: p)
    let one = try random.normal([1, width])
    let h = try one.expanded([rows, width]).contiguous()
    let expected: [Double] = try intervention.edited(one).values()
    let training: [Double] = try intervention.edited(h, .training(TrainingPass(random: random))).values()
    let zeros = training.count { $0 == 0 }
    let n = Double(training.count)
    // Five standard deviations of a binomial count.
    let spread: Double = (n * p * (1 - p)).squareRoot()
    #expect(abs(Double(zeros) - n * p) < 5 * spread)
    for column in 0..<width {
      let values = (0..<rows).map { training[$0 * width + column] }
      let mean = values.reduce(0, +) / Double(rows)
      let deviation = abs(expected[column]) * (p / (1 - p) / Double(rows)).squareRoot()
      #expect(abs(mean - expected[column]) < 5 * deviation + 1e-6)
      #expect(values.allSatisfy { $0 == 0 || abs($0 - expected[column] / (1 - p)) < 1e-5 })
    }
    // Other draws each time.
    #expect(try intervention.edited(h, .training(TrainingPass(random: random))).values() != training)
    let inference: [Double] = try intervention.edited(h).values()
    #expect(!inference.contains(0))
  }
}
