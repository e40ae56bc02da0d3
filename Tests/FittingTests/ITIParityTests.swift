import Fitting
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The golden of honest_llama's formulas (scripts/goldens/iti.py), and our fit on the same texts.
struct ITIGolden {
  let golden: Golden
  let model: any LanguageModel
  let texts: [[Int32]]
  let data: LabelledActivations
  let fold: Fold
  let top: Int
  let alpha: Double

  init() throws {
    golden = try Golden("iti")
    model = try TinyModel.load()
    let golden = golden
    let labels = try golden.indices("labels").map { $0 == 1 }
    texts = try labels.indices.map { try golden.ids("ids.\($0)") }
    let activations = try ActivationCollector(model, tokenBudget: 50).collect(
      texts, at: LabelledActivations.headSites(of: model.shape))
    data = LabelledActivations(activations, labels: labels, groups: Array(labels.indices), arePaired: false)
    fold = Fold(
      train: try golden.indices("train"), validation: try golden.indices("validation"),
      test: try golden.indices("test"))
    top = try golden.facts.int("top")
    alpha = try golden.facts.double("alpha")
  }

  var fit: InferenceTimeFit { InferenceTimeFit(data, shape: model.shape) }

  /// Every head, in the order of layers and heads.
  var everyHead: [HeadRanking.Entry] {
    (0..<model.shape.layers).flatMap { layer in
      (0..<model.shape.heads).map { .init(layer: layer, head: $0, score: 0) }
    }
  }

  func adapter(_ positions: Positions) throws -> Adapter {
    let heads = try fit.ranking(fold).heads.prefix(top)
    let directions = try fit.directions(of: Array(heads), fold, using: RandomSource(seed: 1))
    return try InferenceTimeFit.adapter(directions, alpha: alpha, positions: positions, for: model)
  }

  func logits(_ adapter: Adapter, promptLength: Int? = nil) throws -> Tensor {
    let batch = TokenBatch([.init(tokens: texts[0], promptLength: promptLength)])
    return try withoutGradients {
      try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch)))
    }
  }
}

@Suite(.engineAlone) struct ITIParity {
  @Test func `activations of heads at the last token are the reference's`() throws {
    let subject = try ITIGolden()
    let shape = subject.model.shape
    let sites = LabelledActivations.headSites(of: shape)
    let layers = try sites.map { try subject.data.activations.rows(at: $0).unsqueezed(1) }
    try subject.golden.expect(Tensor.concatenated(layers, along: 1), equals: "activations")
    try subject.golden.expectDiffers(Tensor.concatenated(layers.reversed(), along: 1), from: "activations")
  }

  @Test func `probes, their ranking, directions and deviations are the reference's`() throws {
    let subject = try ITIGolden()
    let (golden, fit) = (subject.golden, subject.fit)
    let ranking = try fit.ranking(subject.fold)
    let expected = try golden.indices("ranking")
    #expect(ranking.heads.flatMap { [$0.layer, $0.head] } == expected)
    let byPlace = ranking.heads.sorted { ($0.layer, $0.head) < ($1.layer, $1.head) }
    try golden.expect(Tensor(byPlace.map(\.score)), equals: "accuracy")
    let random = try RandomSource(seed: 1)
    let found = try fit.directions(of: subject.everyHead, subject.fold, using: random).map(\.direction)
    try golden.expect(Tensor(found.flatMap(\.vector)), equals: "theta")
    try golden.expect(Tensor(found.map(\.deviation)), equals: "sigma")
    let weights = try fit.directions(of: subject.everyHead, subject.fold, kind: .probeWeight, using: random)
    try golden.expect(Tensor(weights.flatMap(\.direction.vector)), equals: "probe_weight")
    try golden.expectDiffers(Tensor(weights.flatMap(\.direction.vector)), from: "theta")
  }

  @Test func `edited logits are the reference's at all positions and at the last token of each step`() throws {
    let subject = try ITIGolden()
    let golden = subject.golden
    let everywhere = try subject.adapter(.all)
    try golden.expect(subject.logits(everywhere), equals: "logits.all")
    let prompt = try golden.facts.int("prompt")
    let last = try subject.adapter(Positions.lastAndGenerated)
    try golden.expect(subject.logits(last, promptLength: prompt), equals: "logits.last")
    try golden.expectDiffers(subject.logits(last, promptLength: prompt), from: "logits.all")
  }

  @Test func `the fold is the reference's bias, and computes what the tap does`() throws {
    let subject = try ITIGolden()
    let adapter = try subject.adapter(.all)
    let merge = try Merge(folding: adapter, into: subject.model)
    let width = subject.model.shape.hidden
    let biases = try (0..<subject.model.shape.layers).map { layer in
      try merge.tensors["model.layers.\(layer).self_attn.o_proj.bias"] ?? Tensor.zeros([width])
    }
    try subject.golden.expect(Tensor.concatenated(biases.map { try $0.unsqueezed(0) }, along: 0), equals: "folded")
  }
}

extension Positions {
  /// `l1+generated`: the last token of every forward pass that generates.
  static var lastAndGenerated: Positions { .union([.ends(first: 0, last: 1, tied: true), .generated]) }
}
