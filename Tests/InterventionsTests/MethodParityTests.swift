import Interventions
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Methods against their formulas in torch, and against torch's own training of biases and weights, on tiny models
/// (scripts/goldens/red.py, bottleneck_adapters.py, bitfit.py, full.py, lofit_both.py, jola.py).
@Suite(.engineAlone) struct MethodParity {
  static let goldens = [
    "red", "series_adapter", "series_adapter_biases", "parallel_adapter", "parallel_adapter_biases", "bitfit_gpt2",
    "bitfit_bert", "bitfit_llama", "full", "lofit_both", "jola",
  ]

  @Test(arguments: goldens)
  func `logits, loss and every gradient equal the reference`(name: String) throws {
    try withoutLeaks {
      let reference = try MethodGolden(name)
      let golden = reference.golden
      let model = try TinyModel.load(reference.model)
      let adapter = try reference.adapter(for: model)
      for row in 0..<3 {
        try golden.expect(reference.logits(row, model, adapter), equals: "logits.\(row)")
        try golden.expectDiffers(reference.logits(row, model, nil), from: "logits.\(row)")
      }
      let pass = TrainingPass(random: try RandomSource(seed: 11))
      let (task, penalty) = try reference.loss(step: 0, model, adapter, pass)
      try golden.expect(task.reshaped([1]), equals: "loss")
      #expect((penalty != nil) == golden.has("penalty"))
      if let penalty { try golden.expect(penalty.reshaped([1]), equals: "penalty") }
      try task.backward()
      try penalty?.backward()
      try golden.expect(adapter.gradients(), equal: "gradient.")
    }
  }

  @Test(arguments: goldens)
  func `twenty steps of AdamW give the reference's losses, which fall, and its parameters`(name: String) throws {
    try withoutLeaks {
      let reference = try MethodGolden(name)
      let golden = reference.golden
      let model = try TinyModel.load(reference.model)
      let adapter = try reference.start(for: model)
      let losses = try reference.train(adapter, model, rate: reference.rate)
      try golden.expect(Tensor(losses), equals: "losses")
      // The same twelve rows, a third of them a step.
      #expect(losses.suffix(3).reduce(0, +) < losses.prefix(3).reduce(0, +))
      var compared = 0
      for parameter in adapter.parameters where golden.has("final.\(parameter.name)") {
        try golden.expect(parameter.tensor, equals: "final.\(parameter.name)")
        compared += 1
      }
      #expect(compared == golden.names.filter { $0.hasPrefix("final.") }.count && compared > 0)
    }
  }

  @Test(arguments: goldens)
  func `another learning rate does not pass`(name: String) throws {
    let reference = try MethodGolden(name)
    let model = try TinyModel.load(reference.model)
    let losses = try reference.train(reference.start(for: model), model, rate: reference.rate * 1.05)
    try reference.golden.expectDiffers(Tensor(losses), from: "losses")
  }
}
