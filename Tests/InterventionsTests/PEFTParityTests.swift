import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// LoRA, DoRA, (IA)3 and VeRA against peft 0.13.2 on tiny Llamas.
@Suite(.engineAlone) struct PEFTParity {
  @Test(arguments: PEFTGolden.names)
  func `logits, loss and every gradient equal peft`(name: String) throws {
    try withoutLeaks {
      let reference = try PEFTGolden(name)
      let golden = reference.golden
      let model = try reference.model()
      let adapter = try reference.adapter(for: model, reference.start())
      for row in 0..<reference.rows {
        let batch = TokenBatch([try reference.sequence(row)])
        try golden.expect(
          model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch))), equals: "logits.\(row)")
      }
      let loss = try LoReFTParity.loss(model, adapter, reference.batch(step: 0))
      try golden.expect(loss.reshaped([1]), equals: "loss")
      try loss.backward()
      #expect(adapter.parameters.count == golden.names.filter { $0.hasPrefix("gradients.") }.count)
      for parameter in adapter.parameters {
        try golden.expect(#require(try parameter.tensor.gradient()), equals: "gradients.\(parameter.name)")
      }
    }
  }

  @Test(arguments: PEFTGolden.names)
  func `the model without the adapter, and parameters off by a hundredth, do not pass`(name: String) throws {
    let reference = try PEFTGolden(name)
    let model = try reference.model()
    let off = try reference.start().map { NamedTensor($0.name, try $0.tensor * 1.01) }
    for adapter in [nil, try reference.adapter(for: model, off)] {
      let batch = TokenBatch([try reference.sequence(0)])
      let tap = try adapter?.tap(for: batch) ?? .none
      try reference.golden.expectDiffers(model.logits(model.hidden(batch, cache: nil, tap: tap)), from: "logits.0")
    }
  }

  @Test(arguments: PEFTGolden.names)
  func `twenty steps of training give peft's losses, which fall`(name: String) throws {
    try withoutLeaks {
      let reference = try PEFTGolden(name)
      let golden = reference.golden
      let model = try reference.model()
      let rate = try golden.facts.reader("optimizer").double("lr")
      let losses = try reference.train(reference.adapter(for: model, reference.start()), model, rate: rate)
      try golden.expect(Tensor(losses.map(Float.init)), equals: "losses")
      #expect(try #require(losses.last) < losses[0] - 0.3)
      let other = try reference.train(reference.adapter(for: model, reference.start()), model, rate: rate * 1.05)
      try golden.expectDiffers(Tensor(other.map(Float.init)), from: "losses")
    }
  }

  @Test func `alphas of other sites do not pass`() throws {
    let reference = try PEFTGolden("lora_patterns")
    let model = try reference.model()
    let adapter = try reference.adapter(for: model, reference.start(), changing: ["alpha_pattern": [:]])
    let batch = TokenBatch([try reference.sequence(0)])
    try reference.golden.expectDiffers(
      model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch))), from: "logits.0")
  }
}
