import Checkpoints
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The goldens of LoReFT's relatives, made with pyreft's classes (scripts/goldens/reft_family.py).
struct FamilyGolden {
  let golden: Golden
  let prompts: [Int]
  private let places: [(layer: Int, positions: String)]

  init(_ name: String) throws {
    golden = try Golden(name)
    prompts = try golden.integers("prompts")
    places = try golden.facts.array("edits").compactMap { entry in
      guard let layer = entry["layer"]?.int, let positions = entry["positions"]?.string else { return nil }
      return (layer, positions)
    }
  }

  var method: String { get throws { try golden.facts.string("method") } }

  func example(_ row: Int) throws -> Example {
    Example(tokens: try golden.ids("ids.\(row)"), promptLength: prompts[row])
  }

  var examples: [Example] { get throws { try prompts.indices.map(example) } }

  private var settings: JSONObject {
    get throws {
      var settings: JSONObject = ["rank": .integer(try golden.facts.int("rank"))]
      if golden.has("edits.0.weight") { settings["activation"] = .string(try golden.facts.string("activation")) }
      if try method == "noreft" { settings["projection_bias"] = .bool(golden.has("edits.0.projection_bias")) }
      settings["subspaces"] = golden.facts.object["subspaces"]
      return settings
    }
  }

  /// An adapter with the reference's initial weights, trainable; part i is edit i of the golden.
  func adapter(_ method: String? = nil, for model: any LanguageModel) throws -> Adapter {
    let name = try method ?? self.method
    let plan = Adapter.Plan(
      method: name, settings: try settings,
      locations: try places.map { try Location(parsing: "\($0.layer).block_output@\($0.positions)") })
    var tensors: [NamedTensor] = []
    var uses: [Int: Int] = [:]
    for (i, place) in places.enumerated() {
      uses[place.layer, default: 0] += 1
      let key = "\(place.layer).block_output" + (uses[place.layer] == 1 ? "" : "#\(uses[place.layer] ?? 0)")
      let prefix = "edits.\(i)."
      for name in golden.names where name.hasPrefix(prefix) {
        tensors.append(NamedTensor("\(key).\(name.dropFirst(prefix.count))", try golden.tensor(name)))
        guard name.hasSuffix(".base") else { continue }
        tensors.append(NamedTensor("\(key).coordinates", try Tensor.zeros(golden.stored(name).shape)))
      }
    }
    return try Adapter(
      plan, of: InterventionRegistry.standard.method(name), for: model, restoring: tensors, source: "golden")
  }

  func expectGradients(of adapter: Adapter) throws {
    for (i, part) in adapter.parts.enumerated() {
      for parameter in part.intervention.parameters {
        let gradient = try #require(try parameter.tensor.gradient(), "\(part.key).\(parameter.name) has no gradient")
        try golden.expect(gradient, equals: "gradients.\(i).\(parameter.name)")
      }
    }
  }

  func expectFinal(_ adapter: Adapter) throws {
    for (i, part) in adapter.parts.enumerated() {
      for saved in try part.intervention.saved() {
        let tensor = saved.name == "rotation" ? try saved.tensor.transposed() : saved.tensor
        try golden.expect(tensor, equals: "final.\(i).\(saved.name)")
      }
    }
  }
}

/// A row of a golden: prompt and response.
struct Example {
  let tokens: [Int32]
  let promptLength: Int
}

extension LanguageModel {
  /// Mean cross entropy of all response tokens under an adapter, stated plainly.
  func responseLoss(_ examples: [Example], _ adapter: Adapter, _ mode: EditMode = .inference) throws -> Tensor {
    let batch = TokenBatch(examples.map { .init(tokens: $0.tokens, promptLength: $0.promptLength) })
    let logits = try logits(hidden(batch, cache: nil, tap: adapter.tap(for: batch, mode: mode)))
    var rows: [Int64] = []
    var labels: [Int64] = []
    for (example, packed) in zip(examples, batch.rows) {
      for label in example.promptLength..<example.tokens.count {
        rows.append(Int64(packed.lowerBound + label - 1))
        labels.append(Int64(example.tokens[label]))
      }
    }
    return try logits.selected(Tensor(rows)).crossEntropy(Tensor(labels)).sum() / Double(labels.count)
  }

  /// The logits of one row alone, without a graph.
  func rowLogits(_ example: Example, _ adapter: Adapter, _ mode: EditMode = .inference) throws -> Tensor {
    let batch = TokenBatch([.init(tokens: example.tokens, promptLength: example.promptLength)])
    return try withoutGradients { () throws(TensorError) in
      try logits(hidden(batch, cache: nil, tap: adapter.tap(for: batch, mode: mode)))
    }
  }
}

extension Adapter {
  /// Updates of AdamW under a linear schedule without warmup, gradients clipped together; what `loss` reports of each.
  func descend(
    steps: Int, rate: Double, clip: Double = 1, loss: (Int) throws -> (total: Tensor, reported: Double)
  ) throws -> [Float] {
    let rule = FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)
    let parameters = parameters.map(\.tensor)
    var moments: [Tensor] = []
    for parameter in parameters + parameters { moments.append(try Tensor.zeros(parameter.shape)) }
    var losses: [Float] = []
    for step in 0..<steps {
      let (total, reported) = try loss(step)
      losses.append(Float(reported))
      try total.backward()
      var gradients: [Tensor] = []
      var squares = 0.0
      for parameter in parameters {
        let gradient = try parameter.gradient()
        gradients.append(try #require(gradient))
        squares += try gradients[gradients.count - 1].norm().item() * gradients[gradients.count - 1].norm().item()
      }
      let factor = clip / (squares.squareRoot() + 1e-6)
      if factor < 1 { for gradient in gradients { try gradient.scale(by: factor) } }
      for part in parts { try part.intervention.beforeStep() }
      try rule.update(
        parameters, gradients: gradients, firstMoments: Array(moments.prefix(parameters.count)),
        secondMoments: Array(moments.suffix(parameters.count)), step: step + 1,
        learningRate: rate * (1 - Double(step) / Double(steps)))
      for parameter in parameters { try parameter.clearGradient() }
      for part in parts { try part.intervention.afterStep() }
    }
    return losses
  }
}
