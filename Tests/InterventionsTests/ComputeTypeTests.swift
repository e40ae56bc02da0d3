import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// A model that computes in bfloat16, as on a GPU, under adapters that stay float32.
@Suite(.engineAlone) struct ComputeTypeTests {
  /// What bfloat16 may change of logits, as a share of the largest: it keeps 8 bits, and each of two layers rounds some ten times.
  private static let rounding: Float = 0.04

  private static func short(_ name: String) throws -> any LanguageModel {
    try ModelRegistry.standard.model(from: TinyModel.checkpoint(name), dtype: .bfloat16)
  }

  @Test(arguments: TinyModel.names)
  func `every architecture computes in bfloat16 what it computes in float32`(name: String) throws {
    let (whole, short) = (try TinyModel.load(name), try Self.short(name))
    let batch = TokenBatch(prompts: [someTokens(9), someTokens(4, seed: 1)])
    let hidden = try withoutGradients { () throws(TensorError) in try short.hidden(batch, cache: nil, tap: .none) }
    #expect(hidden.dtype == .bfloat16)
    #expect(try short.output(batch, .none).dtype == (short.scoresVocabulary ? .float32 : .bfloat16))
    let expected = try whole.scores(batch)
    let error = try gap(short.scores(batch), expected)
    #expect(error > 0)
    #expect(error < Self.rounding * (expected.map(abs).max() ?? 0))
  }

  // Not steering to both sides, which jumps where a row stands across its direction: rounding takes such a row to the other side.
  @Test(arguments: MethodCase.all.filter { $0.settings["operator"] != "piecewise" })
  func `an edit acts in bfloat16 as it does in float32`(method: MethodCase) throws {
    let (whole, short) = (try method.loadModel(), try Self.short(method.model))
    let batch = TokenBatch([.init(tokens: someTokens(12), promptLength: 9)])
    for positions in ["all", "f2|l3"] {
      // The same numbers in both, whatever the method takes from the weights.
      let adapter = try method.adapter(for: whole, layers: "1", positions)
      let twin = try Adapter(
        adapter.plan, of: method.method, for: short, restoring: adapter.trainingState(), source: "twin")
      let plain = try whole.scores(batch)
      let expected = try whole.scores(batch, adapter)
      let got = try short.scores(batch, twin)
      let largest = expected.map(abs).max() ?? 0
      #expect(gap(got, expected) < Self.rounding * largest, "@\(positions)")
      // Where the edit moves more than rounding does, it must show.
      if gap(plain, expected) > 3 * Self.rounding * largest {
        #expect(gap(got, plain) > 2 * Self.rounding * largest, "@\(positions)")
      }
    }
  }

  @Test(arguments: MethodCase.all)
  func `gradients of a bfloat16 pass reach the float32 parameters`(method: MethodCase) throws {
    try withoutLeaks {
      let (whole, short) = (try method.loadModel(), try Self.short(method.model))
      let adapter = try method.adapter(for: whole, "f2|l3")
      if adapter.parameters.isEmpty { return }
      let twin = try Adapter(
        adapter.plan, of: method.method, for: short, restoring: adapter.trainingState(), source: "twin")
      let batch = TokenBatch([.init(tokens: someTokens(12), promptLength: 9)])
      func descend(_ model: any LanguageModel, _ adapter: Adapter) throws -> [Float] {
        let mode = EditMode.training(TrainingPass(random: try RandomSource(seed: 3)))
        let output = try model.output(batch, adapter.tap(for: batch, mode: mode)).converted(to: .float32)
        let targets = try Tensor(someTokens(12, seed: 1).map { Int64($0) % Int64(output.size(1)) })
        try output.crossEntropy(targets).sum().backward()
        return try adapter.parameters.flatMap { parameter in
          guard let gradient = try parameter.tensor.gradient() else {
            return [Float](repeating: 0, count: parameter.tensor.elementCount)
          }
          #expect(parameter.tensor.dtype == .float32 && gradient.dtype == .float32)
          #expect(try gradient.isFinite(), "\(parameter.name)")
          return try gradient.values(as: Float.self)
        }
      }
      let (expected, got) = (try descend(whole, adapter), try descend(short, twin))
      func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
      let lengths = (product(expected, expected) * product(got, got)).squareRoot()
      // A method may be silent for a batch in both.
      if lengths > 0 { #expect(product(expected, got) / lengths > 0.98) }
    }
  }
}
