import Interventions
import JSON
import LanguageModels
import Pretrained
import Tasks
import Tensors
import Testing
import _TestSupport

@testable import Training

/// What goes wrong when pyreft makes examples and trains on them, and how it goes here.
@Suite(.engineAlone) struct ReFTTrainingTraps {
  private let scratch: ScratchFolder
  private let encoder: ExampleEncoder
  private static let ids = (bos: Int32(3), eos: Int32(4), a: Int32(0), b: Int32(1), ab: Int32(2))

  /// A tokenizer that joins `a` and `b`, begins every text with `<s>`, ends it with `</s>`, and pads with the latter.
  init() throws {
    scratch = try ScratchFolder()
    func special(_ id: Int, _ text: String) -> String {
      """
      {"id": \(id), "content": "\(text)", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true}
      """
    }
    try scratch.write(
      "tokenizer.json",
      """
      {"added_tokens": [\(special(3, "<s>")), \(special(4, "</s>"))], "normalizer": null, "pre_tokenizer": null,
       "decoder": {"type": "Fuse"},
       "post_processor": {"type": "TemplateProcessing", "pair": [],
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
       "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
      """)
    try scratch.write(
      "tokenizer_config.json",
      """
      {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>",
       "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"}
      """)
    encoder = ExampleEncoder(try PretrainedTokenizer.open(scratch.path), maximumLength: 16)
  }

  private func encoded(_ prompt: String, _ response: String) throws -> TrainingExample {
    try encoder.encode(
      TrainingRecord(.promptResponse(prompt: prompt, response: response), source: "train.jsonl, line 1"))
  }

  @Test func `prompt as a prefix: the boundary is found in the whole text, where a token may span it`() throws {
    let (bos, eos, a, b, ab) = Self.ids
    let apart = try encoded("bb", "ab")
    #expect(apart.tokens == [bos, b, b, ab, eos] && apart.promptLength == 3)
    // Alone, the prompt is <s> b a: three tokens, of which the third is not in the text.
    let across = try encoded("ba", "ba")
    #expect(across.tokens == [bos, b, ab, a, eos] && across.promptLength == 2)
  }

  @Test func `every response ends with one end of text, and it is learned`() throws {
    let (bos, eos, a, b, _) = Self.ids
    let example = try encoded("b", "a")
    #expect(example.tokens == [bos, b, a, eos] && example.labelCount == 2)
    let written = try encoded("b", "a</s>")
    #expect(written.tokens == example.tokens)
  }

  @Test func `pad is the end of text: it masks nothing, neither the end that is learned nor one in the prompt`() throws
  {
    let (bos, eos, a, b, _) = Self.ids
    let example = try encoded("b</s>b", "a")
    #expect(example.tokens == [bos, b, eos, b, a, eos] && example.promptLength == 4 && example.labelCount == 2)
    // A batch of unequal lengths has the rows of its texts, and no others.
    let batch = TokenBatch(
      [example, try encoded("b", "aaaa")].map { .init(tokens: $0.tokens, promptLength: $0.promptLength) })
    #expect(batch.tokens == [bos, b, eos, b, a, eos, bos, b, a, a, a, a, eos])
  }

  @Test func `double BOS: a template that writes the first token is not given another`() throws {
    let (bos, eos, a, b, _) = Self.ids
    let record = TrainingRecord(
      .chat([.init(role: .user, content: "b"), .init(role: .assistant, content: "a")]), source: "chat.jsonl, line 1")
    let example = try encoder.encode(record)
    #expect(example.tokens == [bos, b, a, eos] && example.promptLength == 2)
  }

  @Test func `the loss falls on the response alone`() throws {
    let model = try TinyModel.load()
    let adapter = try Toy.adapter(Toy.loreft, model)
    let objective = CompletionObjective(model: model, adapter: adapter)
    func loss(_ tokens: [Int32], _ promptLength: Int) throws -> Double {
      try objective.lossSum(
        [TrainingExample(tokens: tokens, promptLength: promptLength, source: "test")], mode: .inference
      ).item()
    }
    let whole = try loss([5, 6, 7, 8, 9, 10], 4)
    let first = try loss([5, 6, 7, 8, 9], 4)
    let batch = TokenBatch([.init(tokens: [5, 6, 7, 8, 9], promptLength: 4)])
    let last = try model.logits(model.hidden(batch, cache: nil, tap: adapter.tap(for: batch))).selected(
      Tensor([Int64(4)]))
    #expect(try abs(whole - first - last.crossEntropy(Tensor([Int64(10)])).sum().item()) < 1e-4)
  }

  @Test func `an evaluation between updates does not switch dropout off for the rest of the run`() throws {
    let model = try TinyModel.load()
    /// Gradient norms of a run; a validation set is evaluated after every epoch.
    func norms(validation: Int) throws -> [Double] {
      let trainer = try Trainer(
        model: model, adapter: Toy.adapter(Toy.dropout, model), training: Toy.examples(8),
        validation: Toy.examples(validation, from: 100), settings: Toy.settings())
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      return diary.norms
    }
    #expect(try norms(validation: 4) == norms(validation: 0))
  }

  @Test func `ReFT-r1: the penalty begins at nothing and grows with the run`() throws {
    let model = try TinyModel.load()
    func diary(l1: Double) throws -> (Diary, Double) {
      var plan = Toy.reftR1
      plan.settings["l1"] = .number(l1)
      let adapter = try Toy.adapter(plan, model)
      let trainer = try Trainer(
        model: model, adapter: adapter, training: Toy.examples(8), settings: Toy.settings(epochs: 12))
      var diary = Diary()
      _ = try trainer.follow { diary.note($0) }
      let batch = TokenBatch(Toy.examples(8).map { .init(tokens: $0.tokens, promptLength: $0.promptLength) })
      let scores = try adapter.conceptScores(of: batch, in: model)
      // The latents outside the two largest of each text, in the lengths of v.
      let others = scores.map { $0[0].latents.sorted().dropLast(2).reduce(0, +) }.reduce(0, +)
      let length = try adapter.parameters[0].tensor.norm().item()
      return (diary, Double(others) / length)
    }
    let (free, strong) = (try diary(l1: 0), try diary(l1: 30))
    #expect(free.0.norms[0] == strong.0.norms[0] && free.0.losses[1] == strong.0.losses[1])
    #expect(free.0.norms[1] != strong.0.norms[1])
    #expect(strong.1 < 0.5 * free.1, "\(strong.1), \(free.1)")
    #expect(try #require(free.0.epochLosses.last) < free.0.epochLosses[0])
  }
}
