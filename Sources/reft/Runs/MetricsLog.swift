import Checkpoints
import Foundation
import JSON
import Training

/// One JSON line an update and an epoch, written as they happen.
final class MetricsLog {
  private let file: FileHandle

  init(_ path: String, append: Bool) throws {
    if !append || !FileManager.default.fileExists(atPath: path) { try TextFile.write("", to: path, overwrite: true) }
    guard let file = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileWriteNoPermission) }
    try file.seekToEnd()
    self.file = file
  }

  deinit { try? file.close() }

  func write(_ event: TrainingEvent) throws {
    let line: JSONObject =
      switch event {
      case .step(let step):
        [
          "step": .integer(step.step), "epoch": .number(step.epoch), "loss": .number(step.loss),
          "learning_rate": .number(step.learningRate), "grad_norm": .number(step.gradientNorm),
          "tokens": .integer(step.tokens), "tokens_per_second": .number(step.tokensPerSecond),
        ]
      case .epoch(let epoch): epoch.json
      }
    try file.write(contentsOf: Data(JSONValue.object(line).text.utf8 + [UInt8(ascii: "\n")]))
  }
}
