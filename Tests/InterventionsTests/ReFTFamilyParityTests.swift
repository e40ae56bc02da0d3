import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// LoReFT's relatives against the classes of pyreft 0.1.0 on a tiny Llama (scripts/goldens/reft_family.py).
@Suite(.engineAlone) struct ReFTFamilyParity {
  private static let names = [
    "direft_tied", "direft_untied", "noreft_tied", "noreft_untied", "noreft_plain_tied", "consreft_tied",
    "consreft_untied", "lobireft_tied", "lobireft_untied", "direft_orthonormal_tied", "direft_orthonormal_untied",
  ]

  @Test(arguments: names)
  func `logits, loss and every gradient equal pyreft`(name: String) throws {
    try withoutLeaks {
      let reference = try FamilyGolden(name)
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      for (row, sequence) in try reference.golden.sequences.enumerated() {
        try reference.golden.expect(model.rowLogits(sequence, adapter), equals: "logits.\(row)")
      }
      let loss = try model.responseLoss(reference.golden.sequences, adapter)
      try reference.golden.expect(loss.reshaped([1]), equals: "loss")
      try loss.backward()
      try reference.golden.expect(adapter.numberedGradients(), equal: "gradients.")
    }
  }

  @Test(arguments: names.filter { $0.hasSuffix("_tied") })
  func `twenty updates give pyreft's losses and weights, and the loss falls`(name: String) throws {
    try withoutLeaks {
      let reference = try FamilyGolden(name)
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      let rate = try reference.golden.facts.reader("optimizer").double("lr")
      func losses(_ adapter: Adapter, rate: Double) throws -> [Float] {
        try adapter.descend(steps: 20, clip: 1, rate: linearDecay(from: rate, steps: 20)) { _ in
          let loss = try model.responseLoss(reference.golden.sequences, adapter)
          return (loss, try loss.item())
        }
      }
      let run = try losses(adapter, rate: rate)
      #expect(run[19] < run[0])
      try reference.golden.expect(Tensor(run), equals: "losses")
      try reference.expectFinal(adapter)
      let faster = try losses(reference.adapter(for: model), rate: rate * 1.2)
      try reference.golden.expectDiffers(Tensor(faster), from: "losses")
    }
  }

  @Test(arguments: names)
  func `one position off, another activation, or no edit does not pass`(name: String) throws {
    let reference = try FamilyGolden(name)
    let model = try TinyModel.load()
    let adapter = try reference.adapter(for: model)
    let sequence = try reference.golden.sequence(0)
    var shifted = sequence
    shifted.promptLength -= 1
    try reference.golden.expectDiffers(model.rowLogits(shifted, adapter), from: "logits.0")
    try reference.golden.expectDiffers(model.rowLogits(sequence, nil), from: "logits.0")
  }

  @Test func `every set of subspaces gives the notebook's logits, and no other set's`() throws {
    try withoutLeaks {
      let reference = try FamilyGolden("loreft_subspaces")
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      let sets = try reference.golden.facts.array("sets").map { Set(($0.array ?? []).compactMap(\.string)) }
      #expect(sets == [["first"], ["second"], ["first", "second"], []])
      for (number, set) in sets.enumerated() {
        for row in 0..<2 {
          var mode = EditMode.inference
          mode.subspaces = set
          let logits = try model.rowLogits(reference.golden.sequence(row), adapter, mode)
          try reference.golden.expect(logits, equals: "logits.\(number).\(row)")
          for other in sets.indices where other != number {
            try reference.golden.expectDiffers(logits, from: "logits.\(other).\(row)")
          }
        }
      }
    }
  }

  @Test func `two abilities trained in turn in two subspaces take the notebook's path`() throws {
    try withoutLeaks {
      let reference = try FamilyGolden("loreft_subspaces")
      let model = try TinyModel.load()
      let adapter = try reference.adapter(for: model)
      let sequences = try reference.golden.sequences
      func loss(_ rows: some Sequence<Int>, _ set: String) throws -> Tensor {
        var mode = EditMode.inference
        mode.subspaces = [set]
        return try model.responseLoss(rows.map { sequences[$0] }, adapter, mode)
      }
      let first = try loss(0..<4, "first")
      try reference.golden.expect(first.reshaped([1]), equals: "loss")
      try first.backward()
      try reference.golden.expect(adapter.numberedGradients(), equal: "gradients.")
      for parameter in adapter.parameters { try parameter.tensor.clearGradient() }

      let rate = try reference.golden.facts.reader("optimizer").double("lr")
      let losses = try adapter.descend(steps: 20, clip: 1, rate: linearDecay(from: rate, steps: 20)) { step in
        let loss = try step % 2 == 0 ? loss([0, 1], "first") : loss([2, 3], "second")
        return (loss, try loss.item())
      }
      #expect(losses[18] < losses[0] && losses[19] < losses[1])
      try reference.golden.expect(Tensor(losses), equals: "losses")
      try reference.expectFinal(adapter)
    }
  }
}
