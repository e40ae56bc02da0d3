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

      for row in reference.prompts.indices {
        try golden.expect(model.rowLogits(golden.sequence(row), adapter), equals: "logits.\(row)")
      }

      let first = TokenBatch([try golden.sequence(0)])
      var tap = try adapter.tap(for: first)
      let recorders = (0..<model.shape.layers).map { _ in Recorder() }
      for (layer, recorder) in recorders.enumerated() {
        tap.place(recorder, at: Site(layer: layer, component: .blockOutput), on: .all)
      }
      _ = try withoutGradients { () throws(TensorError) in try model.hidden(first, cache: nil, tap: tap) }
      for (layer, recorder) in recorders.enumerated() {
        try golden.expect(try #require(recorder.activations.first), equals: "blocks.\(layer).output")
      }

      let loss = try model.responseLoss(golden.sequences, adapter)
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
    let sequence = try reference.golden.sequence(0)
    var shifted = sequence
    shifted.promptLength -= 1
    try reference.golden.expectDiffers(model.rowLogits(shifted, adapter), from: "logits.0")
    try reference.golden.expectDiffers(model.rowLogits(sequence, nil), from: "logits.0")
  }
}
