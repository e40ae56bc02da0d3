import Foundation
import JSON
import LanguageModels
import Pretrained
import Tasks
import Training

/// Gives both sides their inputs: a task's examples as token ids, and the order in which our trainer takes them.
///
/// Job: `model`, `task` (clutrr or kinship), `path`, `limit`, `seed`, or `examples` in place of these four; `epochs`, `order_seed`.
struct ExampleWork: Workload {
  let ready: JSONObject

  init(_ job: JSONReader) throws {
    let examples = try job.object["examples"] == nil ? Self.drawn(job) : job.examples()
    let seed = UInt64(try job.int("order_seed"))
    let orders = try (0..<job.int("epochs")).map {
      try Trainer.order(of: $0, seed: seed, count: examples.count)
    }
    ready = [
      "examples": .array(
        examples.map {
          ["tokens": .array($0.tokens.map { .integer(Int($0)) }), "prompt": .integer($0.promptLength)]
        }),
      "orders": .array(orders.map { .array($0.map(JSONValue.integer)) }),
    ]
  }

  private static func drawn(_ job: JSONReader) throws -> [TrainingExample] {
    let model = try PretrainedModel.open(job.string("model"))
    let encoder = ExampleEncoder(model.text, maximumLength: model.model.shape.contextLength)
    let task = try TaskRegistry.standard.task(named: job.string("task"))
    let drawn = try task.examples(at: job.string("path"), limit: job.int("limit"), seed: job.int("seed"))
    return try drawn.map { try encoder.encode($0.record) }
  }

  /// There is nothing to repeat.
  mutating func round(_ request: JSONReader) -> JSONObject { [:] }
}
