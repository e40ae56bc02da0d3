import Checkpoints
import Foundation
import JSON
import Training

/// One JSON line an update and an epoch, written as they happen.
final class MetricsLog {
  private let file: FileHandle
  /// What happened so far, of an interrupted run too.
  private(set) var history = History()

  /// The run as its lines tell it.
  struct History {
    var losses: [Double] = []
    var epochs: [EpochMetrics] = []
    var tokens = 0
    /// Time of the updates, without validation.
    var seconds = 0.0
  }

  /// - Parameter step: the last update of the run that is gone on with; lines of later ones, which will be done again, are
  ///   dropped. `nil` for a new run.
  init(_ path: String, after step: Int?) throws {
    var kept = ""
    if let step, FileManager.default.fileExists(atPath: path) {
      for line in try TextFile.read(path).split(separator: "\n") {
        // A line that was cut off by the end of the program is the last one.
        guard let value = try? JSONReader(JSONValue(parsing: String(line), source: path), source: path),
          try value.int(ifPresent: "step") ?? 0 <= step
        else { break }
        try history.add(value)
        kept += line + "\n"
      }
    }
    try TextFile.write(kept, to: path, overwrite: true)
    guard let file = FileHandle(forWritingAtPath: path) else { throw InputError.unwritable(path: path) }
    try file.seekToEnd()
    self.file = file
  }

  deinit { try? file.close() }

  func write(_ event: TrainingEvent) throws {
    try history.add(JSONReader(event.json, source: "metrics"))
    try file.write(contentsOf: Data(JSONValue.object(event.json).text.utf8 + [UInt8(ascii: "\n")]))
  }
}

extension MetricsLog.History {
  fileprivate mutating func add(_ line: JSONReader) throws {
    guard line.object["step"] != nil else { return epochs.append(try EpochMetrics(line)) }
    losses.append(try line.double("loss"))
    let count = try line.int("tokens")
    tokens += count
    seconds += Double(count) / max(try line.double("tokens_per_second"), 1e-9)
  }
}

extension TrainingEvent {
  fileprivate var json: JSONObject {
    switch self {
    case .step(let step):
      [
        "step": .integer(step.step), "epoch": .number(step.epoch), "loss": .number(step.loss),
        "learning_rate": .number(step.learningRate), "grad_norm": .number(step.gradientNorm),
        "tokens": .integer(step.tokens), "tokens_per_second": .number(step.tokensPerSecond),
      ]
    case .epoch(let epoch): epoch.json
    }
  }
}

extension EpochMetrics {
  var json: JSONObject {
    [
      "epoch": .integer(epoch), "loss": .number(loss),
      "validation_loss": validationLoss.map(JSONValue.number) ?? .null, "best": .bool(isBest),
    ]
  }

  fileprivate init(_ json: JSONReader) throws {
    self.init(
      epoch: try json.int("epoch"), loss: try json.double("loss"),
      validationLoss: try json.double(ifPresent: "validation_loss"), isBest: try json.bool("best"))
  }
}
