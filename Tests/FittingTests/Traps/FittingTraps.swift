import Foundation
import Fitting
import Interventions
import JSON
import LanguageModels
import Tasks
import Tensors
import Testing
import _TestSupport

/// Faults of the reference implementations of ITI, RepE, repeng and activation-steering, each shown not to be ours.
@Suite(.engineAlone) struct FittingTraps {
  @Test func `sigma leak: deviations of the development texts do not move with the test texts`() throws {
    let subject = try ITIGolden()
    let random = try RandomSource(seed: 1)
    let heads = subject.everyHead
    let clean = try subject.fit.directions(of: heads, subject.fold, using: random).map(\.direction)
    let leaking = try subject.fit.directions(of: heads, subject.fold, deviation: .leaking, using: random).map(
      \.direction)
    // The reference's way, on the whole dataset, is there for comparison and gives its numbers.
    try subject.golden.expect(Tensor(leaking.map(\.deviation)), equals: "sigma.leaking")
    try subject.golden.expectDiffers(Tensor(leaking.map(\.deviation)), from: "sigma")
    #expect(clean.map(\.vector) == leaking.map(\.vector))
    // Other test texts: the clean fit does not notice, the leaking one does.
    let kept = subject.fold.development
    let fewer = Fold(train: subject.fold.train, validation: subject.fold.validation, test: [])
    let (texts, data) = (kept.count, subject.data)
    let alone = try subject.fit.directions(of: heads, fewer, using: random).map(\.direction)
    #expect(alone == clean && texts < data.labels.count)
  }

  @Test(arguments: ["llama_gqa_tied", "gpt2", "qwen3"])
  func `32 heads hard-coded: head counts and widths are the model's own`(name: String) throws {
    let model = try TinyModel.load(name)
    let shape = model.shape
    #expect(shape.heads != 32 && shape.headDim != 128)
    let texts = (0..<8).map { text in (0..<4 + text).map { Int32(($0 * 7 + text * 13) % 90 + 3) } }
    let activations = try ActivationCollector(model).collect(texts, at: LabelledActivations.headSites(of: shape))
    let data = LabelledActivations(
      activations, labels: texts.indices.map { $0 % 2 == 0 }, groups: Array(texts.indices), arePaired: false)
    let fold = Fold(train: [0, 1, 2, 3], validation: [4, 5], test: [6, 7])
    let fit = InferenceTimeFit(data, shape: shape)
    let ranking = try fit.ranking(fold)
    #expect(ranking.heads.count == shape.layers * shape.heads)
    let directions = try fit.directions(of: ranking.heads, fold, using: RandomSource(seed: 1))
    #expect(directions.allSatisfy { $0.direction.vector.count == shape.headDim })
  }

  @Test func `random direction of size 128: random directions have the width of a head`() throws {
    let subject = try ITIGolden()
    let found = try subject.fit.directions(
      of: subject.everyHead, subject.fold, kind: .random, using: RandomSource(seed: 1))
    #expect(found.allSatisfy { $0.direction.vector.count == subject.model.shape.headDim })
    #expect(Set(found.map { $0.direction.vector[0] }).count == found.count)
  }

  @Test func `unprojected bias: the fold is W_o times the displacement, not the displacement`() throws {
    let subject = try ITIGolden()
    let adapter = try subject.adapter(.all)
    let merge = try Merge(folding: adapter, into: subject.model)
    let offsets = try subject.golden.tensor("offsets")
    for layer in 0..<subject.model.shape.layers {
      guard let bias = merge.tensors["model.layers.\(layer).self_attn.o_proj.bias"] else { continue }
      let displacement = try offsets.narrowed(0, layer..<layer + 1).reshaped([-1])
      let gap = try (bias - displacement).norm().item()
      if try displacement.norm().item() > 0 { #expect(gap > 0.1) }
    }
  }

  @Test func `batch item 0 only: every sequence of a batch is edited`() throws {
    let subject = try ITIGolden()
    let adapter = try subject.adapter(.all)
    let batch = TokenBatch(prompts: Array(subject.texts.prefix(3)))
    let together = try withoutGradients {
      try subject.model.hidden(batch, cache: nil, tap: adapter.tap(for: batch))
    }
    for (i, rows) in batch.rows.enumerated() {
      let one = TokenBatch(prompts: [subject.texts[i]])
      let alone = try withoutGradients { try subject.model.hidden(one, cache: nil, tap: adapter.tap(for: one)) }
      let plain = try withoutGradients { try subject.model.hidden(one, cache: nil, tap: .none) }
      let gap = try (together.narrowed(0, rows) - alone).abs().max().item()
      #expect(gap < 2e-5, "sequence \(i)")
      #expect(try (alone - plain).abs().max().item() > 1e-2, "sequence \(i)")
    }
  }

  @Test func `a baked bias is not last-token ITI: it refuses to fold`() throws {
    let subject = try ITIGolden()
    let last = try subject.adapter(.lastAndGenerated)
    let error = try thrown(AdapterError.self) { _ = try Merge(folding: last, into: subject.model) }
    guard case .notMergeable("iti", let reason) = error else {
      Issue.record("thrown: \(error)")
      return
    }
    #expect(reason.contains("l1+generated"))
    // And rightly so: the logits are others.
    let prompt = try subject.golden.facts.int("prompt")
    try subject.golden.expectDiffers(subject.logits(last, promptLength: prompt), from: "logits.all")
  }

  @Test func `pca_center mutates before the sign: samples are never changed`() throws {
    let golden = try Golden("probes")
    let samples = try ProbeParity.samples(golden, "tall")
    let before: [Double] = try samples.rows.values()
    for kind in Direction.Kind.allCases { _ = try Direction(kind, in: samples, using: RandomSource(seed: 1)) }
    #expect(try samples.rows.values() == before)
  }

  @Test func `lost padding mask: a short text gets what it gets alone, whatever it is batched with`() throws {
    let subject = try RepEGolden()
    let alone = try subject.texts.map {
      try ActivationCollector(subject.model).collect([$0], at: subject.sites)
    }
    let together = try ActivationCollector(subject.model, tokenBudget: 10_000).collect(subject.texts, at: subject.sites)
    for reading in ActivationCollector.Reading.allCases {
      let many = try ActivationCollector(subject.model, reading: reading, tokenBudget: 10_000).collect(
        subject.texts, at: subject.sites)
      for (i, text) in subject.texts.enumerated() {
        let one = try ActivationCollector(subject.model, reading: reading).collect([text], at: subject.sites)
        for site in subject.sites {
          #expect(try (many.rows(at: site, of: [i]) - one.rows(at: site)).abs().max().item() < 1e-4)
        }
      }
    }
    #expect(together.count == alone.count)
  }

  @Test func `sign instability: a direction and its opposite end up the same, ties too`() throws {
    let golden = try Golden("probes")
    let samples = try ProbeParity.samples(golden, "tall")
    let direction = try Direction(.pcaDifference, in: samples, using: RandomSource(seed: 1)).vector
    for flip in [1.0, -1.0] {
      let projections = try Projections(of: samples.rows, on: direction.map { $0 * flip })
      #expect(projections.sign(samples.labels, samples.pairs) == flip)
    }
    // One pair each way: the means decide, not the decomposition.
    let rows = try Tensor([3.0, 0, 0, 1], shape: [4, 1])
    let pairs = [(positive: 0, negative: 1), (positive: 2, negative: 3)]
    for flip in [1.0, -1.0] {
      #expect(try Projections(of: rows, on: [flip]).sign([true, false, true, false], pairs) == flip)
    }
    // Equal projections count for neither side.
    let equal = try Tensor([1.0, 1, 2, 5], shape: [4, 1])
    #expect(try Projections(of: equal, on: [1]).sign([true, false, true, false], pairs) == -1)
  }

  @Test func `layer index off by one: a condition looks at the output of the block its vector was found in`() throws {
    let subject = try RepEGolden()
    let condition = try subject.condition(.last)
    let rows = try subject.data.activations.rows(at: Site(layer: condition.layer, component: .blockOutput))
    let here = try condition.similarities(of: rows)
    let found = try condition.similarities(of: subject.texts, in: subject.model)
    #expect(zip(here, found).allSatisfy { abs($0 - $1) < 1e-5 })
    let below = try subject.data.activations.rows(at: Site(layer: condition.layer - 1, component: .blockOutput))
    #expect(try zip(condition.similarities(of: below), found).contains { abs($0 - $1) > 1e-2 })
  }

  @Test func `a condition of the first sequence decides for it alone`() throws {
    let subject = try RepEGolden()
    var condition = try subject.condition()
    let values = try condition.similarities(of: subject.texts, in: subject.model)
    condition.threshold = (values.sorted()[values.count / 2] + values.sorted()[values.count / 2 - 1]) / 2
    let fired = try condition.fires(on: subject.texts, model: subject.model)
    #expect(fired == values.map { $0 > condition.threshold } && Set(fired).count == 2)
    // `larger` of the reference fires below its threshold; sides say what they mean here.
    condition.side = .below
    #expect(try condition.fires(on: subject.texts, model: subject.model) == fired.map { !$0 })
  }

  @Test func `steering not applied at each decode step: every generated token is steered`() throws {
    let subject = try RepEGolden()
    let site = Site(layer: 1, component: .blockOutput)
    let found = try subject.directions().filter { $0.site == site }
    for (positions, steered) in [
      (Positions.all, 0..<9), (.prompt, 0..<5), (.generated, 5..<9), (.lastAndGenerated, 4..<9),
    ] {
      let adapter = try SteeringFit.adapter(
        found, settings: ["coefficient": 3], positions: positions, for: subject.model)
      let tokens = Array(try subject.golden.ids("text").prefix(9))
      let cache = KVCache(sequences: 1, layers: subject.model.shape.layers)
      let plain = KVCache(sequences: 1, layers: subject.model.shape.layers)
      for step in [0..<5, 5..<6, 6..<7, 7..<8, 8..<9] {
        let batch = TokenBatch([.init(tokens: Array(tokens[step]), start: step.lowerBound, promptLength: 5)])
        let tap = try adapter.tap(for: batch)
        #expect((tap.lowestLayer != nil) == step.contains { steered.contains($0) }, "\(positions), \(step)")
        _ = try withoutGradients { try subject.model.hidden(batch, cache: cache, tap: tap) }
        _ = try withoutGradients { try subject.model.hidden(batch, cache: plain, tap: .none) }
      }
    }
  }

  @Test func `norm growth: with normalise a row keeps its length`() throws {
    let subject = try RepEGolden()
    let site = Site(layer: 1, component: .blockOutput)
    let batch = TokenBatch(prompts: [try subject.golden.ids("text")])
    for operation in Steering.Operator.allCases {
      let adapter = try SteeringFit.adapter(
        subject.directions().filter { $0.site == site },
        settings: ["coefficient": 40.5, "normalise": true, "operator": .string(operation.rawValue)], for: subject.model)
      func lengths(_ base: Tap) throws -> [Double] {
        var tap = base
        let recorder = Recorder()
        tap.place(recorder, at: site, on: .all)
        _ = try withoutGradients { try subject.model.hidden(batch, cache: nil, tap: tap) }
        return try #require(recorder.activations.first).norm(along: 1).values()
      }
      let (plain, edited) = (try lengths(.none), try lengths(adapter.tap(for: batch)))
      #expect(zip(plain, edited).allSatisfy { abs($0 - $1) < 1e-4 * $0 })
    }
  }

  @Test func `the last layer is the last block's output, not the model's, which has the final norm on it`() throws {
    let subject = try RepEGolden()
    let last = try #require(subject.sites.last)
    let text = subject.texts[0]
    let collected = try subject.data.activations.rows(at: last, of: [0])
    let final = try withoutGradients {
      let hidden = try subject.model.hidden(TokenBatch(prompts: [text]), cache: nil, tap: .none)
      return try hidden.narrowed(0, text.count - 1..<text.count).converted(to: .float64)
    }
    #expect(try (collected - final).abs().max().item() > 0.1)
    let expected = try subject.golden.tensor("hidden").narrowed(0, 0..<1).narrowed(1, last.layer..<last.layer + 1)
    #expect(try (collected - expected.reshaped([1, -1]).converted(to: .float64)).abs().max().item() < 2.5e-5)
  }

  /// The reference takes exp of summed log-probabilities: of long answers that is nothing over nothing.
  @Test func `underflow: MC2 of answers whose probability is no number above zero`() throws {
    let model = try TinyModel.load()
    let tokenizer = try TinyTokenizer.make()
    let tail = String((0..<240).map { Character(UnicodeScalar(UInt8(33 + $0 * 37 % 90))) })
    func score(_ trueFirst: Bool) throws -> HeldOutScore {
      let items = ["Q: a", "Q: b"].enumerated().map {
        Statement(text: $1 + tail, label: ($0 == 0) == trueFirst, group: 0, source: "item \($0)")
      }
      return try HeldOutScorer(
        Statements(items: items, arePaired: false), of: [0, 1], tokenizer: tokenizer, model: model
      ).score()
    }
    let (one, other) = (try score(true), try score(false))
    // The log-probability of either answer: e to the power of -746 is zero in double precision.
    #expect(one.loss * 241 > 746 && other.loss * 241 > 746)
    #expect((0...1).contains(one.mc2) && abs(one.mc2 + other.mc2 - 1) < 1e-9)
    #expect(abs(log(one.mc2 / other.mc2) - (other.loss - one.loss) * 241) < 1e-3)
  }

  @Test func `a contrast out of step is an error, not a wrong row`() throws {
    let contrast = ContrastVectors(sites: [Site(layer: 1, component: .blockOutput)], lastTokens: 3)
    func tap(_ sequences: [TokenBatch.Sequence]) throws { _ = try contrast.tap(for: TokenBatch(sequences)) }
    let prompts: [[Int32]] = [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14]]
    expect(FittingError.contrastOutOfStep(sequence: 0, position: 1)) { try tap(prompts.map { .init(tokens: $0) }) }
    expect(
      FittingError.setting(
        key: "contrast batch", expected: "base, positive and negative sequences in turn", got: "2 sequences")
    ) { try tap(prompts.prefix(2).map { .init(tokens: $0) }) }
    try tap([prompts[0], prompts[1], prompts[0]].map { .init(tokens: $0) })
  }

  @Test func `contrast vectors change the base alone, and its earlier tokens not`() throws {
    let subject = try RepEGolden()
    let site = Site(layer: 1, component: .blockOutput)
    let prompts = try ["base", "positive", "negative"].map { try subject.golden.ids("prompt.\($0)") }
    let batch = TokenBatch(prompts: prompts)
    func outputs(_ base: Tap) throws -> Tensor {
      var tap = base
      let recorder = Recorder()
      tap.place(recorder, at: site, on: .all)
      _ = try withoutGradients { try subject.model.hidden(batch, cache: nil, tap: tap) }
      return try #require(recorder.activations.first)
    }
    let plain = try outputs(.none)
    let edited = try outputs(ContrastVectors(sites: [site], alpha: 2).tap(for: batch))
    let moved = try (edited - plain).abs().sum(along: 1).values(as: Double.self)
    for (row, distance) in moved.enumerated() { #expect((distance > 0) == (row == prompts[0].count - 1), "row \(row)") }
  }
}
