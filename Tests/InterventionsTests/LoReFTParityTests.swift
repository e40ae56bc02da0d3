import Interventions
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Forward pass and gradients against pyreft 0.1.0 on a tiny Llama (scripts/goldens/loreft.py).
@Suite(.engineAlone) struct LoReFTParity {
  @Test(arguments: ["loreft_tied", "loreft_untied", "loreft_relu", "loreft_one"])
  func `logits, hidden states, loss and every gradient equal pyreft`(name: String) throws {
    try withoutLeaks {
      let reference = try LoReFTGolden(name)
      let golden = reference.golden
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      let rows = reference.prompts.indices

      for row in rows {
        let batch = TokenBatch([try reference.sequence(row)])
        let logits = try withoutGradients { () throws(TensorError) in
          try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch)))
        }
        try golden.expect(logits, equals: "logits.\(row)")
      }

      let first = TokenBatch([try reference.sequence(0)])
      var tap = try adapter.tap(for: first)
      let recorders = (0..<model.shape.layers).map { _ in Recorder() }
      for (layer, recorder) in recorders.enumerated() {
        tap.place(recorder, at: Site(layer: layer, component: .blockOutput), on: .all)
      }
      _ = try withoutGradients { () throws(TensorError) in try model.hidden(first, cache: nil, tap: tap) }
      for (layer, recorder) in recorders.enumerated() {
        try golden.expect(try #require(recorder.activations.first), equals: "blocks.\(layer).output")
      }

      let batch = TokenBatch(try rows.map(reference.sequence))
      let loss = try Self.loss(model, adapter, batch)
      try golden.expect(loss.reshaped([1]), equals: "loss")
      try loss.backward()
      for (i, part) in adapter.parts.enumerated() {
        for parameter in part.intervention.parameters {
          let short = ["weight": "W", "bias": "b", "coordinates": "original"][parameter.name] ?? parameter.name
          let gradient = try #require(try parameter.tensor.gradient())
          try golden.expect(gradient, equals: "gradients.\(i).\(short)")
        }
      }
    }
  }

  @Test func `an edit one position off does not pass`() throws {
    let reference = try LoReFTGolden("loreft_tied")
    let model = try TinyModel.load()
    let adapter = try reference.adapter(for: model)
    let batch = TokenBatch([.init(tokens: try reference.ids(0), promptLength: reference.prompts[0] - 1)])
    let logits = try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch)))
    try reference.golden.expectDiffers(logits, from: "logits.0")
    let plain = try model.logits(model.hidden(batch, cache: nil, tap: .none))
    try reference.golden.expectDiffers(plain, from: "logits.0")
  }

  /// Mean cross entropy over all response tokens, stated plainly.
  static func loss(_ model: any LanguageModel, _ adapter: Adapter, _ batch: TokenBatch) throws -> Tensor {
    let logits = try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch)))
    var rows: [Int64] = []
    var labels: [Int64] = []
    for (sequence, packed) in zip(batch.sequences, batch.rows) {
      for label in sequence.promptLength..<sequence.tokens.count {
        rows.append(Int64(packed.lowerBound + label - 1))
        labels.append(Int64(sequence.tokens[label]))
      }
    }
    return try logits.selected(Tensor(rows)).crossEntropy(Tensor(labels)).sum() / Double(labels.count)
  }
}
