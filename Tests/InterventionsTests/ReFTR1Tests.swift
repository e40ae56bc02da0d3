import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// ReFT-r1 against axbench's formulas on a tiny Llama (scripts/goldens/reft_family.py), and its own laws.
@Suite(.engineAlone) struct ReFTR1Tests {
  private static let forms = ["addition", "clamping"]

  private struct Reference {
    let golden: Golden
    let sequences: [TokenBatch.Sequence]
    let form: String

    init(_ form: String) throws {
      self.form = form
      let golden = try Golden("reft_r1_\(form)")
      self.golden = golden
      sequences = try golden.sequences
    }

    func adapter(for model: any LanguageModel, penaltyFactor: Double = 1) throws -> Adapter {
      let l1 = try golden.facts.double("l1") * penaltyFactor
      let layer = try golden.facts.int("layer")
      let plan = Adapter.Plan(
        method: "reft_r1",
        settings: ["k": .integer(try golden.facts.int("k")), "l1": .number(l1), "form": .string(form)],
        locations: [try Location(parsing: "\(layer).block_output@1..-1+generated")])
      return try golden.adapter(
        plan, for: model,
        restoring: [
          NamedTensor("\(layer).block_output.direction", golden.tensor("direction")),
          NamedTensor("\(layer).block_output.magnitude", Tensor([Float(1)])),
        ])
    }

    /// The loss of one pass over all sequences, apart from the penalty.
    func loss(_ adapter: Adapter, _ model: any LanguageModel, progress: Double) throws -> (
      loss: Tensor, penalty: Tensor
    ) {
      let pass = TrainingPass(random: try RandomSource(seed: 0), progress: progress)
      let loss = try model.responseLoss(sequences, adapter, .training(pass))
      #expect(pass.penalties.count == 1)
      return (loss, try #require(pass.penalties.first) / Double(sequences.count))
    }
  }

  @Test(arguments: forms)
  func `logits, loss, penalty and gradient equal axbench`(form: String) throws {
    try withoutLeaks {
      let reference = try Reference(form)
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      for (row, sequence) in reference.sequences.enumerated() {
        let mode = EditMode.training(TrainingPass(random: try RandomSource(seed: 0)))
        try reference.golden.expect(model.rowLogits(sequence, adapter, mode), equals: "logits.\(row)")
      }
      let (loss, penalty) = try reference.loss(adapter, model, progress: 0.5)
      try reference.golden.expect(loss.reshaped([1]), equals: "loss")
      try reference.golden.expect(penalty.reshaped([1]), equals: "sparsity")
      #expect(try penalty.item() > 0)
      try (loss + penalty).backward()
      let direction = try #require(adapter.parameters.first).tensor
      try reference.golden.expect(#require(try direction.gradient()), equals: "gradient")
    }
  }

  @Test(arguments: forms)
  func `twenty updates give axbench's losses and direction, and the loss falls`(form: String) throws {
    try withoutLeaks {
      let reference = try Reference(form)
      let model = try TinyModel.load()
      let optimizer = try reference.golden.facts.reader("optimizer")
      let (rate, clip) = (try optimizer.double("lr"), try optimizer.double("clip"))
      func run(_ adapter: Adapter) throws -> [Float] {
        try adapter.descend(steps: 20, clip: clip, rate: linearDecay(from: rate, steps: 20)) { step in
          let (loss, penalty) = try reference.loss(adapter, model, progress: Double(step) / 20)
          return (try loss + penalty, try loss.item())
        }
      }
      let adapter = try reference.adapter(for: model)
      let losses = try run(adapter)
      #expect(losses[19] < losses[0])
      try reference.golden.expect(Tensor(losses), equals: "losses")
      try reference.golden.expect(#require(adapter.parameters.first).tensor, equals: "final")
      let sparser = try reference.adapter(for: model, penaltyFactor: 30)
      _ = try run(sparser)
      try reference.golden.expectDiffers(#require(sparser.parameters.first).tensor, from: "final")
    }
  }

  @Test(arguments: forms)
  func `with the first token edited too, another k or the other form, it is not axbench's`(form: String) throws {
    let reference = try Reference(form)
    let model = try TinyModel.load()
    let adapter = try reference.adapter(for: model)
    func logits(_ key: String, _ value: JSONValue, _ positions: String = "1..-1+generated") throws -> Tensor {
      var plan = adapter.plan
      plan.settings[key] = value
      plan.locations = [try Location(parsing: "1.block_output@\(positions)")]
      let other = try Adapter(
        plan, of: InterventionRegistry.standard.method("reft_r1"), for: model, restoring: adapter.saved(),
        source: "test")
      let mode = EditMode.training(TrainingPass(random: try RandomSource(seed: 0)))
      return try model.rowLogits(reference.sequences[0], other, mode)
    }
    try reference.golden.expect(logits("k", 3), equals: "logits.0")
    try reference.golden.expectDiffers(logits("k", 3, "all"), from: "logits.0")
    try reference.golden.expectDiffers(logits("k", 2), from: "logits.0")
    try reference.golden.expectDiffers(
      logits("form", .string(form == "addition" ? "clamping" : "addition")), from: "logits.0")
  }

  @Test func `the scores of a batch are axbench's latents, and leave the first token out`() throws {
    try withoutLeaks {
      let reference = try Reference("addition")
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      let scores = try adapter.conceptScores(of: TokenBatch(reference.sequences), in: model)
      #expect(scores.count == 4 && scores.allSatisfy { $0.count == 1 })
      for (row, sequence) in reference.sequences.enumerated() {
        let score = scores[row][0]
        let expected = try reference.golden.floats("scores.\(row)")
        #expect(score.part == "1.block_output" && score.positions == Array(1..<sequence.tokens.count))
        #expect(
          try gap(score.latents, Array(expected.dropFirst())) <= Float(reference.golden.tolerance("scores.\(row)")))
        #expect(score.maximum == score.latents.max() && score.maximum > 0)
      }
    }
  }

  @Test func `methods that detect nothing have no scores`() throws {
    let model = try TinyModel.load()
    let plan = Adapter.Plan(
      method: "loreft", settings: ["rank": 2], locations: [try Location(parsing: "1.block_output@all")])
    let adapter = try Adapter(
      plan, of: InterventionRegistry.standard.method("loreft"), for: model, using: RandomSource(seed: 1))
    #expect(try adapter.conceptScores(of: TokenBatch(prompts: [[5, 6, 7]]), in: model) == [[]])
  }

  @Test func `before each update the direction has length one and its gradient no component along it`() throws {
    let reference = try Reference("addition")
    let model = try TinyModel.load()
    let adapter = try reference.adapter(for: model)
    let direction = try #require(adapter.parameters.first).tensor
    #expect(try abs(direction.norm().item() - 1) > 0.1)
    try reference.loss(adapter, model, progress: 0).loss.backward()
    try #require(adapter.parts.first).intervention.beforeStep()
    #expect(try abs(direction.norm().item() - 1) < 1e-6)
    let gradient = try #require(try direction.gradient())
    let along = try (gradient * direction.detached()).sum().item()
    #expect(try abs(along) < 1e-6 * gradient.norm().item() && gradient.norm().item() > 0)
  }

  @Test func `what it steers by is the largest latent of the last tenth of the training`() throws {
    let reference = try Reference("addition")
    let model = try TinyModel.load()
    let adapter = try reference.adapter(for: model)
    func magnitude(_ tensors: [NamedTensor]) throws -> Double {
      try #require(tensors.first { $0.name.hasSuffix("magnitude") }).tensor.item()
    }
    #expect(try magnitude(adapter.saved()) == 1)
    // Latents of the edited site, which no edit stands below.
    let largest = try reference.sequences.indices.map { row in
      try Double(reference.golden.floats("scores.\(row)").dropFirst().max() ?? 0)
    }
    func see(_ row: Int, progress: Double) throws -> Double {
      let pass = TrainingPass(random: try RandomSource(seed: 0), progress: progress)
      _ = try model.rowLogits(reference.sequences[row], adapter, .training(pass))
      return try magnitude(adapter.saved())
    }
    let order = largest.indices.sorted { largest[$0] > largest[$1] }
    #expect(try abs(see(order[0], progress: 0.85) - largest[order[0]]) < 1e-5)
    #expect(try abs(see(order[1], progress: 0.89) - largest[order[0]]) < 1e-5)
    #expect(try abs(see(order[2], progress: 0.92) - largest[order[2]]) < 1e-5)
    #expect(try abs(see(order[1], progress: 0.95) - largest[order[1]]) < 1e-5)
    // It steers by just that: h + m v.
    let m = try magnitude(adapter.saved())
    let h = try RandomSource(seed: 3).normal([5, model.shape.hidden])
    let intervention = try #require(adapter.parts.first).intervention
    let direction = try #require(adapter.parameters.first).tensor.detached()
    #expect(try gap(intervention.edited(h).values(), (h + direction * m).values()) < 1e-6)
    // A resumed run knows which tenth it was in.
    let again = try Adapter(
      adapter.plan, of: InterventionRegistry.standard.method("reft_r1"), for: model,
      restoring: adapter.trainingState(), source: "state")
    #expect(try magnitude(again.saved()) == m)
    let pass = TrainingPass(random: try RandomSource(seed: 0), progress: 0.99)
    _ = try model.rowLogits(reference.sequences[order[3]], again, .training(pass))
    #expect(try magnitude(again.saved()) == m)
  }

  @Test func `settings outside their range are errors`() {
    func refuses(_ settings: JSONObject, _ key: String, _ expected: String, _ got: String) {
      expect(AdapterError.setting(key: key, expected: expected, got: got, method: "reft_r1")) {
        _ = try InterventionRegistry.standard.method("reft_r1").settings(JSONReader(settings, source: "test"))
      }
    }
    refuses(["k": 0], "k", "above zero", "0")
    refuses(["l1": -1], "l1", "at least zero", "-1.0")
  }

  @Test func `a tenth of the training that is no number of one is an error, not a crash`() throws {
    let model = try TinyModel.load()
    let adapter = try Reference("addition").adapter(for: model)
    let method = try InterventionRegistry.standard.method("reft_r1")
    for wrong: Float in [1e30, 0.5] {
      let tensors = try adapter.saved() + [NamedTensor("1.block_output.tenth", Tensor([wrong]))]
      let error = try thrown(AdapterError.self) {
        _ = try Adapter(adapter.plan, of: method, for: model, restoring: tensors, source: "state")
      }
      #expect("\(error)".contains("tenth"))
    }
  }
}
