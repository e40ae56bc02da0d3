import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// LoRA, DoRA, (IA)3 and VeRA against peft 0.13.2 on tiny Llamas (scripts/goldens/lora.py).
@Suite(.engineAlone) struct PEFTParity {
  @Test(arguments: PEFTGolden.names)
  func `logits, loss and every gradient equal peft`(name: String) throws {
    try withoutLeaks {
      let reference = try PEFTGolden(name)
      let golden = reference.golden
      let model = try reference.model()
      let adapter = try reference.adapter(for: model, reference.start())
      for row in 0..<reference.rows {
        try golden.expect(model.rowLogits(golden.sequence(row), adapter), equals: "logits.\(row)")
      }
      let loss = try model.responseLoss(reference.first(), adapter)
      try golden.expect(loss.reshaped([1]), equals: "loss")
      try loss.backward()
      try golden.expect(adapter.gradients(), equal: "gradients.")
    }
  }

  @Test(arguments: PEFTGolden.names)
  func `the model without the adapter, and parameters off by a hundredth, do not pass`(name: String) throws {
    let reference = try PEFTGolden(name)
    let model = try reference.model()
    let sequence = try reference.golden.sequence(0)
    try reference.golden.expectDiffers(model.rowLogits(sequence, nil), from: "logits.0")
    let off = try reference.start().map { NamedTensor($0.name, try $0.tensor * 1.01) }
    let adapter = try reference.adapter(for: model, off)
    try reference.golden.expectDiffers(model.rowLogits(sequence, adapter), from: "logits.0")
  }

  @Test(arguments: PEFTGolden.names)
  func `twenty steps of training give peft's losses, which fall`(name: String) throws {
    try withoutLeaks {
      let reference = try PEFTGolden(name)
      let golden = reference.golden
      let model = try reference.model()
      let rate = try golden.facts.reader("optimizer").double("lr")
      let losses = try reference.train(reference.adapter(for: model, reference.start()), model, rate: rate)
      try golden.expect(Tensor(losses), equals: "losses")
      #expect(try #require(losses.last) < losses[0] - 0.3)
      let other = try reference.train(reference.adapter(for: model, reference.start()), model, rate: rate * 1.05)
      try golden.expectDiffers(Tensor(other), from: "losses")
    }
  }

  @Test func `alphas of other sites do not pass`() throws {
    let reference = try PEFTGolden("lora_patterns")
    let model = try reference.model()
    let adapter = try reference.adapter(for: model, reference.start(), changing: ["alpha_pattern": [:]])
    try reference.golden.expectDiffers(model.rowLogits(reference.golden.sequence(0), adapter), from: "logits.0")
  }
}
