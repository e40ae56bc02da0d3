import Evaluation
import Foundation
import Tasks

extension TaskEvaluator {
  /// Evaluates with a progress bar.
  func evaluated(
    _ task: any BenchmarkTask, on examples: [TaskExample], title: String = "evaluating"
  ) throws -> TaskReport {
    let meter = ProgressMeter(title, total: Double(examples.count), unit: "answers")
    let report = try evaluate(task, on: examples) { meter.update(Double($0.done)) }
    meter.finish()
    return report
  }
}

extension Double {
  /// `56.7%`.
  var percent: String { String(format: "%.1f%%", self * 100) }
}
