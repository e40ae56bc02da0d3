import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import TextGeneration
import Training

/// Holds a device to the CPU in float32: what a model computes there, gradients, and decoding in recorded steps.
///
/// Job: `model`, `device`, `dtype`. A round answers with gaps, each the largest difference over the largest number, and with whether steps
/// were recorded.
struct DeviceCheckWork: Workload {
  private let reference: any LanguageModel
  private let subject: any LanguageModel
  private let batch: TokenBatch
  let ready: JSONObject = [:]

  init(_ job: JSONReader) throws {
    reference = try PretrainedModel.open(job.string("model")).model
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
      found["gradients_\(method)"] = .number(try gradientGap(InterventionRegistry.standard.method(method)))
    }
    for (name, value) in try steps() { found[name] = value }
    return found
  }

  private func gap(_ work: (any LanguageModel) throws -> Tensor) throws -> Double {
    try withoutGradients {
      try Self.gap(work(reference).values(as: Double.self), work(subject).values(as: Double.self))
    }
  }

  private static func gap(_ expected: [Double], _ got: [Double]) -> Double {
    let size = expected.map(abs).max() ?? 0
    return zip(expected, got).map { abs($0 - $1) }.max().map { $0 / max(size, 1e-30) } ?? .infinity
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

  /// All gradients of one adapter, made on the CPU and taken to the device.
  private func gradientGap(_ method: Method) throws -> Double {
    let plan = Adapter.Plan(method: method.name, settings: [:], locations: try method.locations(in: reference))
    let state = try Adapter(plan, of: method, for: reference, using: RandomSource(seed: 5)).trainingState()
    let examples = batch.sequences.enumerated().map {
      TrainingExample(tokens: $1.tokens, promptLength: $1.tokens.count - 2, source: "sequence \($0 + 1)")
    }
    func gradients(_ model: any LanguageModel) throws -> [Double] {
      let adapter = try Adapter(plan, of: method, for: model, restoring: state, source: "state")
      let pass = TrainingPass(random: try RandomSource(seed: 1, on: model.device))
      try CompletionObjective(model: model, adapter: adapter).lossSum(examples, mode: .training(pass)).backward()
      return try adapter.parameters.flatMap { try $0.tensor.gradient()?.values(as: Double.self) ?? [] }
    }
    return Self.gap(try gradients(reference), try gradients(subject))
  }

  /// Six steps over slots, on a GPU recorded from the second on, against a growing cache.
  private func steps() throws -> JSONObject {
    guard subject.takesSlots else { return [:] }
    return try withoutGradients {
      let (count, layers) = (batch.sequences.count, subject.shape.layers)
      let cache = KVCache(sequences: count, layers: layers)
      _ = try subject.hidden(batch, cache: cache, tap: .none)
      let slots = try DecodingSlots(subject, count: count, capacity: 128)
      for i in 0..<count { try slots.take(i, of: cache, into: i) }
      func rows(_ step: Int) -> TokenBatch {
        TokenBatch(
          batch.sequences.enumerated().map { i, sequence in
            .init(
              tokens: [Int32((step * 31 + i * 7) % subject.shape.vocabulary)], start: sequence.tokens.count + step,
              promptLength: sequence.tokens.count)
          })
      }
      let work = RepeatedWork(on: subject.device) { [subject] () throws(TensorError) in
        [try subject.hidden(rows(0), in: slots, columns: 128, tap: .none)]
      }
      var worst = 0.0
      for step in 0..<6 {
        let batch = rows(step)
        try slots.read(tokens: batch.tokens, positions: batch.positions)
        let got = try work()[0].values(as: Double.self)
        let expected = try subject.hidden(batch, cache: cache, tap: .none).values(as: Double.self)
        worst = max(worst, Self.gap(expected, got))
      }
      return [
        "steps": .number(worst), "recorded": .bool(work.isRecorded),
        "why_not_recorded": .string(work.whyNotRecorded.map { "\($0)" } ?? ""),
      ]
    }
  }
}
