import JSON
import LanguageModels
import Pretrained
import Tensors
import Testing
import TextGeneration
import Tokenization
import _TestSupport

/// Whole GGUF files of mixed K-quants, with separate output matrices and their tokenizers, against transformers on the weights
/// that the gguf package dequantises (scripts/goldens/gguf_models.py).
@Suite(.engineAlone) struct GGUFModels {
  static let names = ["gguf_qwen2_q4_k_m", "gguf_gemma3_q4_k_m"]

  private func open(_ name: String) throws -> PretrainedModel {
    try PretrainedModel.open(Golden.folder(name) + "/model.gguf")
  }

  @Test(arguments: names)
  func `logits equal the reference's`(name: String) throws {
    try withoutLeaks {
      let golden = try Golden(name)
      let model = try open(name).model
      for i in 0..<3 {
        let batch = TokenBatch(prompts: [try golden.ids("ids.\(i)")])
        try golden.expect(model.logits(model.hidden(batch, cache: nil, tap: .none)), equals: "logits.\(i)")
      }
      var ids = try golden.ids("ids.0")
      ids[3] = (ids[3] + 1) % 97
      let other = try model.hidden(TokenBatch(prompts: [ids]), cache: nil, tap: .none)
      try golden.expectDiffers(model.logits(other), from: "logits.0")
    }
  }

  @Test(arguments: names)
  func `texts become the ids of the tokenizers library, and texts again`(name: String) throws {
    let golden = try Golden(name)
    let tokenizer = try open(name).tokenizer
    let texts = try golden.facts.array("texts")
    #expect(texts.count > 3)
    for entry in texts {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]?.array).compactMap { $0.int.map(Int32.init) }
      #expect(tokenizer.encode(text, addSpecialTokens: false).ids == ids, "\(text)")
      #expect(tokenizer.decode(ids) == text)
    }
  }

  @Test(arguments: names)
  func `a text is scored as likely as the reference finds it`(name: String) throws {
    let golden = try Golden(name)
    let model = try open(name)
    let ids = try golden.ids("ids.2")
    let batch = TokenBatch(prompts: [ids])
    let scores = try model.model.logits(model.model.hidden(batch, cache: nil, tap: .none)).logSoftmax(along: 1)
    let expected = try golden.tensor("logits.2").logSoftmax(along: 1)
    // A logarithm moves by at most twice what its logits move.
    let gap = try (scores - expected).abs().max().item()
    #expect(gap <= 2 * (try golden.tolerance("logits.2")))
  }
}
