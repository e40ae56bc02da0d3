import Fitting
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The golden of representation engineering (scripts/goldens/repe.py), and our fit on the same texts.
struct RepEGolden {
  let golden: Golden
  let model: any LanguageModel
  let texts: [[Int32]]
  let data: LabelledActivations
  let sites: [Site]

  init() throws {
    golden = try Golden("repe")
    model = try TinyModel.load()
    let golden = golden
    let count = try golden.tensor("hidden").size(0)
    texts = try (0..<count).map { try golden.ids("ids.\($0)") }
    sites = (0..<model.shape.layers).map { Site(layer: $0, component: .blockOutput) }
    data = LabelledActivations(
      try ActivationCollector(model, tokenBudget: 64).collect(texts, at: sites),
      labels: texts.indices.map { $0 % 2 == 0 }, groups: texts.indices.map { $0 / 2 }, arePaired: true)
  }

  /// PCA of differences at every block.
  func directions(_ kind: Direction.Kind = .pcaDifference) throws -> [(site: Site, direction: Direction)] {
    try SteeringFit(data).directions(
      at: sites, of: Array(texts.indices), kind: kind, using: RandomSource(seed: 1))
  }

  func logits(_ tokens: [Int32], _ tap: (TokenBatch) throws -> Tap) throws -> Tensor {
    let batch = TokenBatch(prompts: [tokens])
    return try withoutGradients { try model.logits(model.hidden(batch, cache: nil, tap: tap(batch))) }
  }

  /// The condition of the golden at its layer.
  func condition(_ reading: Condition.Reading = .mean, squashes: Bool = true) throws -> Condition {
    Condition(
      layer: try golden.facts.int("condition_layer"), vector: try golden.tensor("condition"), threshold: 0,
      reading: reading, squashes: squashes)
  }
}

@Suite(.engineAlone) struct RepEParity {
  @Test func `hidden states of pairs and their directions are the reference's`() throws {
    let subject = try RepEGolden()
    let rows = try subject.sites.map { try subject.data.activations.rows(at: $0).unsqueezed(1) }
    try subject.golden.expect(Tensor.concatenated(rows, along: 1), equals: "hidden")
    let found = try subject.directions().map(\.direction.vector)
    try subject.golden.expect(Tensor(found.flatMap { $0 }), equals: "directions")
    try subject.golden.expectDiffers(Tensor(found.flatMap { $0.map { -$0 } }), from: "directions")
  }

  @Test func `scores over a text are the reference's`() throws {
    let subject = try RepEGolden()
    let text = try subject.golden.ids("text")
    let means = try subject.golden.tensor("means").converted(to: .float64)
    // The reference counts from the mean of the differences.
    let vectors = try subject.directions().enumerated().map { i, found in
      let centre = try Projections(of: means.narrowed(0, i..<i + 1), on: found.direction.vector).values[0]
      return RepresentationReader.Vector(site: found.site, direction: found.direction.vector, centre: centre)
    }
    let scores = try RepresentationReader(vectors, model: subject.model).scores(of: text)
    try subject.golden.expect(Tensor(scores.flatMap { $0 }), equals: "scores")
    let elsewhere = try RepresentationReader(vectors, model: subject.model).scores(of: text.reversed())
    try subject.golden.expectDiffers(Tensor(elsewhere.flatMap { $0 }), from: "scores")
  }

  @Test(arguments: Steering.Operator.allCases, [false, true])
  func `controlled logits are the reference's`(operation: Steering.Operator, normalise: Bool) throws {
    let subject = try RepEGolden()
    let controlled = try subject.golden.integers("controlled")
    let adapter = try SteeringFit.adapter(
      subject.directions().filter { controlled.contains($0.site.layer) },
      settings: [
        "operator": .string(operation.rawValue), "normalise": .bool(normalise),
        // The reference's projection takes all of the direction out, whatever the coefficient.
        "coefficient": .number(operation == .projection ? 1 : try subject.golden.facts.double("coefficient")),
      ], for: subject.model)
    let text = try subject.golden.ids("text")
    let key = "logits.\(operation.rawValue).\(normalise ? "True" : "False")"
    let found = try subject.logits(text) { try adapter.tap(for: $0) }
    try subject.golden.expect(found, equals: key)
    try subject.golden.expectDiffers(subject.logits(text) { _ in .none }, from: key)
  }

  @Test func `contrast vectors in one pass and one cache give what three runs a step give`() throws {
    let subject = try RepEGolden()
    let golden = subject.golden
    let prompts = try ["base", "positive", "negative"].map { try golden.ids("prompt.\($0)") }
    let given = try golden.ids("tokens")
    let contrast = ContrastVectors(
      sites: try golden.integers("contrasted").map { Site(layer: $0, component: .blockOutput) },
      alpha: try golden.facts.double("alpha"))
    var scores: [Float] = []
    var step = 0
    _ = try ContrastGenerator(subject.model, contrast).generate(
      base: prompts[0], positive: prompts[1], negative: prompts[2], maximum: given.count
    ) { logits in
      scores += logits
      step += 1
      return given[step - 1]
    }
    try golden.expect(Tensor(scores), equals: "contrast")
    var weaker = contrast
    weaker.alpha /= 2
    scores = []
    step = 0
    _ = try ContrastGenerator(subject.model, weaker).generate(
      base: prompts[0], positive: prompts[1], negative: prompts[2], maximum: given.count
    ) { logits in
      scores += logits
      step += 1
      return given[step - 1]
    }
    try golden.expectDiffers(Tensor(scores), from: "contrast")
  }

  @Test func `similarities of conditions are the reference's, each prompt for itself`() throws {
    let subject = try RepEGolden()
    var columns: [[Double]] = []
    for reading in [Condition.Reading.mean, .last] {
      for squashes in [true, false] {
        columns.append(
          try subject.condition(reading, squashes: squashes).similarities(of: subject.texts, in: subject.model))
      }
    }
    let rows = subject.texts.indices.flatMap { text in columns.map { $0[text] } }
    try subject.golden.expect(Tensor(rows), equals: "similarities")
    try subject.golden.expectDiffers(Tensor(rows.reversed()), from: "similarities")
  }
}
