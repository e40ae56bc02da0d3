import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// LoFiT's own laws.
@Suite(.engineAlone) struct LoFiTLaws {
  private func adapter(
    _ part: String, at place: String, deviation: Double = 0.5, _ model: any LanguageModel
  ) throws -> Adapter {
    try Adapter(
      .init(
        method: "lofit", settings: ["part": .string(part), "deviation": .number(deviation)],
        locations: Location.list(parsing: place)),
      of: InterventionRegistry.standard.method("lofit"), for: model, using: RandomSource(seed: 5))
  }

  @Test(arguments: ["scale", "bias", "both"])
  func `zero values change nothing, bit for bit`(part: String) throws {
    let model = try TinyModel.load()
    let batch = TokenBatch(prompts: [someTokens(12)])
    let zero = try adapter(part, at: "all.head_attention_value_output", deviation: 0, model)
    #expect(try model.scores(batch, zero) == model.scores(batch))
    let other = try adapter(part, at: "all.head_attention_value_output", model)
    #expect(try model.scores(batch, other) != model.scores(batch))
  }

  @Test(arguments: ["scale", "bias", "both"])
  func `chosen heads get the formula and no other head is touched`(part: String) throws {
    let model = try TinyModel.load()
    let (heads, size) = (model.shape.heads, model.shape.headDim)
    let edit = try adapter(part, at: "1.head_attention_value_output[3,1]", model)
    let values = try edit.parameters.map { try $0.tensor.values(as: Float.self) }
    #expect(
      edit.parameters.map(\.name) == (part == "both" ? ["scale", "bias"] : [part]).map { "\(edit.parts[0].key).\($0)" })
    #expect(edit.parts[0].target.heads == [1, 3] && values.allSatisfy { $0.count == 2 * size })
    let batch = TokenBatch(prompts: [someTokens(6)])
    let site = edit.parts[0].target.site
    let plain = try model.recorded([site], batch, .none)[0]
    let edited = try model.recorded([site], batch, edit.tap(for: batch))[0]
    for i in plain.indices {
      let (head, column) = (i / size % heads, i % size)
      guard let row = [1, 3].firstIndex(of: head) else {
        #expect(edited[i] == plain[i])
        continue
      }
      let scaled = part == "bias" ? plain[i] : plain[i] * (values[0][row * size + column] + 1)
      #expect(edited[i] == (part == "scale" ? scaled : scaled + (values.last ?? [])[row * size + column]))
    }
  }

  @Test func `it acts on heads alone`() throws {
    let model = try TinyModel.load()
    for component in Component.allCases where !component.isPerHead {
      let error = try thrown(AdapterError.self) { _ = try adapter("bias", at: "0.\(component.rawValue)", model) }
      #expect(
        error
          == .site(method: "lofit", component: component.rawValue, expected: "head_attention_value_output"))
      #expect(error.description.contains("head_attention_value_output"))
    }
  }

  @Test(arguments: [
    // Part E: heads chosen, their width, count: 3% and 10% of Llama-2-7B, 13B, Gemma-7B.
    (32, 128, 4096), (96, 128, 12_288), (48, 128, 6144), (160, 128, 20_480), (16, 256, 4096),
  ])
  func `parameters are heads times their width`(chosen: Int, width: Int, count: Int) throws {
    let heads = 160
    let shape = ModelShape(
      layers: 1, hidden: 4096, heads: heads, kvHeads: heads, headDim: width, intermediate: 8, vocabulary: 8,
      contextLength: 8)
    let target = Target(
      site: Site(layer: 0, component: .headOutput), heads: Array(0..<chosen), shape: shape)
    #expect(try LoFiT(.init(), on: target, using: RandomSource(seed: 1)).parameterCount == count)
  }

  @Test func `the start has the paper's deviation`() throws {
    let shape = ModelShape(
      layers: 1, hidden: 4096, heads: 64, kvHeads: 64, headDim: 64, intermediate: 8, vocabulary: 8, contextLength: 8)
    let target = Target(site: Site(layer: 0, component: .headOutput), shape: shape)
    let values: [Double] = try LoFiT(.init(part: .scale), on: target, using: RandomSource(seed: 1)).parameters[0]
      .tensor.values()
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    // Five standard errors of a deviation estimated from 4096 draws.
    let error: Double = 1e-3 / Double(2 * values.count).squareRoot()
    #expect(abs(deviation - 1e-3) < 5 * error)
  }

  @Test func `heads are ranked by the norm of their values`() throws {
    let model = try TinyModel.load()
    let shape = model.shape
    let heads = shape.heads
    var tensors: [NamedTensor] = []
    for layer in 0..<shape.layers {
      // Norms 3-4-5 triangles: head h of layer l has norm 5 (l + h), many of them equal.
      let values = (0..<heads).flatMap { head -> [Float] in
        [3, 4].map { $0 * Float(layer + head) } + [Float](repeating: 0, count: shape.headDim - 2)
      }
      tensors.append(
        NamedTensor("\(layer).head_attention_value_output.scale", try Tensor(values, shape: [heads, shape.headDim])))
    }
    let trained = try Adapter(
      .init(
        method: "lofit", settings: ["part": "scale"],
        locations: Location.list(parsing: "all.head_attention_value_output")),
      of: InterventionRegistry.standard.method("lofit"), for: model, restoring: tensors, source: "test")
    let ranking = try HeadRanking(of: trained)
    let expected = (0..<shape.layers).flatMap { layer in (0..<heads).map { (5 * (layer + $0), layer, $0) } }
      .sorted(by: >)
    #expect(ranking.heads.map { [Int($0.score), $0.layer, $0.head] } == expected.map { [$0.0, $0.1, $0.2] })
  }

  @Test func `with both parts a head's score is the norm of the two together`() throws {
    let model = try TinyModel.load()
    let both = try adapter("both", at: "1.head_attention_value_output[2]", model)
    let squares = try both.parameters.reduce(0) {
      try $0 + $1.tensor.values(as: Double.self).reduce(0) { $0 + $1 * $1 }
    }
    let score = try #require(HeadRanking(of: both).heads.first).score
    #expect(abs(score - squares.squareRoot()) < 1e-6)
  }

  @Test func `a method that scores no heads has no ranking`() throws {
    let model = try TinyModel.load()
    let loreft = try Adapter(
      .init(method: "loreft", settings: [:], locations: Location.list(parsing: "0.block_output")),
      of: InterventionRegistry.standard.method("loreft"), for: model, using: RandomSource(seed: 5))
    expect(
      AdapterError.setting(
        key: "method", expected: "one that scores heads (lofit, jola)", got: "loreft", method: "loreft")
    ) { _ = try HeadRanking(of: loreft) }
  }
}
