import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import Training

/// Updates of a training run by the trainer of `reft train`, a few a round.
///
/// Job: `model` and where it computes (``JSON/JSONReader/openModel(weights:)``), `method`, `settings`, `locations`, `examples`, `batch`, `rate`, `l1`, `order_seed`, `epochs`. A round takes
/// `steps` updates, and goes on where the last one ended; with `"profile": true` it tells where their time went.
struct TrainingWork: Workload {
  private let trainer: Trainer
  private let device: Device
  let ready: JSONObject

  init(_ job: JSONReader) throws {
    let model = try job.openModel().model
    device = model.device
    let adapter = try job.adapter(for: model)
    trainer = try Trainer(
      model: model, adapter: adapter, training: job.examples(),
      settings: TrainingSettings(
        epochs: job.int("epochs"), batchSize: job.int("batch"), learningRate: job.double("rate"), warmupRatio: 0.1,
        l1: job.double(ifPresent: "l1") ?? 0, seed: UInt64(job.int("order_seed")), cacheTrunk: .off))
    ready = ["parameters": .integer(adapter.parameterCount)]
  }

  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let steps = try request.int("steps")
    var losses: [Double] = []
    let updates = { [trainer] in
      _ = try trainer.run(shouldStop: { losses.count == steps }) { event in
        if case .step(let step) = event { losses.append(step.loss) }
      }
    }
    var operations: [OperationProfile] = []
    let taken = try seconds {
      if try request.bool(ifPresent: "profile") == true {
        operations = try Engine.profile(updates)
      } else {
        try updates()
      }
    }
    let peak = device == .cpu ? 0 : try device.memory().peak
    return [
      "device_peak": .integer(peak), "seconds": .number(taken), "losses": .array(losses.map(JSONValue.number)),
      "operations": .array(operations.map { .object($0.json) }),
    ]
  }
}

extension OperationProfile {
  /// The profile of one operation for the driver.
  var json: JSONObject {
    [
      "name": .string(name), "calls": .integer(calls), "seconds": .number(seconds), "operations": .number(operations),
      "bytes": .number(bytes),
    ]
  }
}
