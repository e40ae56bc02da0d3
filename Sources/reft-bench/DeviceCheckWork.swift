import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import TextGeneration
import Tokenization
import Training

/// Holds a device to the CPU in float32: what a model computes there, gradients, and decoding in recorded steps.
///
/// Job: `model`, `device`, `dtype`. A round answers with gaps, each the largest difference over the largest number, and with whether steps
/// were recorded. What is missing or not finite is a gap beyond every bound.
struct DeviceCheckWork: Workload {
  private let reference: any LanguageModel
  private let subject: any LanguageModel
  private let tokenizer: Tokenizer
  private let batch: TokenBatch
  let ready: JSONObject = [:]

  init(_ job: JSONReader) throws {
    let opened = try PretrainedModel.open(job.string("model"))
    (reference, tokenizer) = (opened.model, opened.tokenizer)
    subject = try job.openModel().model
    let vocabulary = subject.shape.vocabulary
    batch = TokenBatch(
      prompts: [5, 37, 64, 12].map { length in (0..<length).map { Int32(($0 * 7919 + length * 104_729) % vocabulary) } }
    )
  }

  mutating func round(_ request: JSONReader) throws -> JSONObject {
    var found: JSONObject = [
      "logits": .number(try gap { try $0.logits($0.hidden(batch, cache: nil, tap: .none)) }),
      "one_by_one": .number(try packedGap()),
    ]
    for method in ["loreft", "lora", "lofit", "red"] {
      let method = try InterventionRegistry.standard.method(method)
      found["gradients_\(method.name)"] = .number(try gradientGap(method, beginning: []))
      // Seen from rows that stand elsewhere in the batch.
      found["branches_\(method.name)"] = .number(try gradientGap(method, beginning: batch.sequences[1].tokens))
    }
    found["path"] = .number(try pathGap())
    for edited in [false, true] {
      for (name, value) in try steps(edited: edited) { found[edited ? "edited_\(name)" : name] = value }
    }
    return found
  }

  private func gap(_ work: (any LanguageModel) throws -> Tensor) throws -> Double {
    try withoutGradients {
      try Self.gap(work(reference).values(as: Double.self), work(subject).values(as: Double.self))
    }
  }

  private static func gap(_ expected: [Double], _ got: [Double]) -> Double {
    guard expected.count == got.count, !got.isEmpty, (expected + got).allSatisfy(\.isFinite) else { return 1e300 }
    let size = expected.map(abs).max() ?? 0
    return zip(expected, got).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(size, 1e-30)
  }

  /// Sequences of one pass against each alone, on the device.
  private func packedGap() throws -> Double {
    try withoutGradients {
      let packed = try subject.hidden(batch, cache: nil, tap: .none).values(as: Double.self)
      let alone = try batch.sequences.flatMap {
        try subject.hidden(TokenBatch([$0]), cache: nil, tap: .none).values(as: Double.self)
      }
      return Self.gap(alone, packed)
    }
  }

  /// Log-probabilities of answers behind one text, read as a tree in pieces.
  private func pathGap() throws -> Double {
    let prompt = String(repeating: "Anna is the mother of Bert, and Bert is the father of Carl. ", count: 6)
    let requests = ["Anna is Carl's grandmother.", "Anna is Carl's aunt, or so they say.", "Bert knows."].map {
      ScoringRequest(prompt: prompt, completion: $0)
    }
    func logprobs(_ model: any LanguageModel) throws -> [Double] {
      try Scorer(model, tokenizer, limits: BatchLimits(tokens: 48)).scores(requests).flatMap(\.tokenLogprobs)
    }
    return Self.gap(try logprobs(reference), try logprobs(subject))
  }

  /// All gradients of one adapter, made on the CPU and taken to the device, for texts that begin alike.
  private func gradientGap(_ method: Method, beginning: [Int32]) throws -> Double {
    let plan = Adapter.Plan(method: method.name, settings: [:], locations: try method.locations(in: reference))
    let state = try Adapter(plan, of: method, for: reference, using: RandomSource(seed: 5)).trainingState()
    let examples = batch.sequences.enumerated().map {
      TrainingExample(
        tokens: beginning + $1.tokens, promptLength: beginning.count + $1.tokens.count - 2, source: "sequence \($0 + 1)"
      )
    }
    func gradients(_ model: any LanguageModel) throws -> [Double] {
      let adapter = try Adapter(plan, of: method, for: model, restoring: state, source: "state")
      let pass = TrainingPass(random: try RandomSource(seed: 1, on: model.device))
      try CompletionObjective(model: model, adapter: adapter).lossSum(examples, mode: .training(pass)).backward()
      return try adapter.parameters.flatMap { try $0.tensor.gradient()?.values(as: Double.self) ?? [] }
    }
    return Self.gap(try gradients(reference), try gradients(subject))
  }

  /// Eight steps over slots, on a GPU recorded from the second on, against a growing cache; half of the slots' room is looked at.
  private func steps(edited: Bool) throws -> JSONObject {
    guard subject.takesSlots else { return [:] }
    return try withoutGradients {
      let (count, layers) = (batch.sequences.count, subject.shape.layers)
      let cache = KVCache(sequences: count, layers: layers)
      let method = try InterventionRegistry.standard.method("loreft")
      let plan = Adapter.Plan(
        method: method.name, settings: [:], locations: [try Location(parsing: "all.block_output@generated")])
      let state = try Adapter(plan, of: method, for: reference, using: RandomSource(seed: 5)).trainingState()
      let adapter = try Adapter(plan, of: method, for: subject, restoring: state, source: "state")
      func tap(_ batch: TokenBatch) throws(TensorError) -> Tap { edited ? try adapter.tap(for: batch) : .none }
      _ = try subject.hidden(batch, cache: cache, tap: tap(batch))
      let slots = try DecodingSlots(subject, count: count, capacity: 256)
      for i in 0..<count { try slots.take(i, of: cache, into: i) }
      func rows(_ step: Int) -> TokenBatch {
        TokenBatch(
          batch.sequences.enumerated().map { i, sequence in
            .init(
              tokens: [Int32((step * 31 + i * 7) % subject.shape.vocabulary)], start: sequence.tokens.count + step,
              promptLength: sequence.tokens.count)
          })
      }
      let first = rows(0)
      let edits = try tap(first)
      let work = RepeatedWork(on: subject.device) { [subject] () throws(TensorError) in
        [try subject.hidden(first, in: slots, columns: 128, tap: edits)]
      }
      var worst = 0.0
      for step in 0..<8 {
        let batch = rows(step)
        try slots.read(tokens: batch.tokens, positions: batch.positions)
        let got = try work()[0].values(as: Double.self)
        let expected = try subject.hidden(batch, cache: cache, tap: tap(batch)).values(as: Double.self)
        worst = max(worst, Self.gap(expected, got))
      }
      return [
        "steps": .number(worst), "recorded": .bool(work.isRecorded),
        "why_not_recorded": .string(work.whyNotRecorded.map { "\($0)" } ?? ""),
      ]
    }
  }
}
