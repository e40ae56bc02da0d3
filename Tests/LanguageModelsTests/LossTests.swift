import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The loss that training takes, beside the plain one through the scores of all rows.
@Suite(.engineAlone) struct Losses {
  /// Gemma 2 bounds its scores, BERT has layers before its projection: they go the way of computing scores twice.
  @Test(arguments: ["llama_gqa_tied", "gpt2", "gpt_neox", "gemma2", "bert", "roberta"])
  func `loss and gradient equal the plain ones`(name: String) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      let labels = (0..<Int32(9)).map { $0 * 7 + 3 }
      func result(_ loss: (Tensor) throws -> Tensor) throws -> (Double, [Float]) {
        let rows = try RandomSource(seed: 2).normal([labels.count, model.shape.hidden])
        try rows.setRequiresGradient(true)
        let loss = try loss(rows)
        try loss.backward()
        return (try loss.item(), try #require(try rows.gradient()).values())
      }
      let plain = try result { try model.logits($0).crossEntropy(Tensor(labels.map(Int64.init))).sum() }
      let got = try result { try model.lossSum($0, labels: labels) }
      let size = plain.1.reduce(0) { max($0, abs($1)) }
      #expect(abs(got.0 - plain.0) < 1e-5 * plain.0)
      #expect(zip(got.1, plain.1).allSatisfy { abs($0 - $1) <= 4e-6 * size } && size > 0)
      let other = try result { try model.lossSum($0, labels: labels.reversed()) }
      #expect(abs(other.0 - plain.0) > 1e-3)
    }
  }
}
