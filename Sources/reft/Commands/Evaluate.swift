import ArgumentParser
import Charts
import Checkpoints
import Evaluation
import Foundation
import JSON
import Pretrained
import Tasks

/// `reft evaluate`: scores a model on a task.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score a model, with or without adapters, on a task.",
    discussion: "Tasks: " + TaskRegistry.standard.tasks.map { "\($0.name): \($0.summary)" }.joined(separator: "\n"))

  @OptionGroup var model: ModelOptions
  @OptionGroup var weights: WeightOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "The task's name.")
  var task: String

  @Option(help: "The task's data.")
  var data: String

  @Option(help: "Score the first N examples only.")
  var limit: Int?

  @Option(help: "A file for the report with every answer: .html for people, any other name for JSON.")
  var report: String?

  @Flag(help: "Replace the report file if it is there.")
  var overwrite = false

  @Flag(help: "Print the report as JSON.")
  var json = false

  func run() throws {
    let task = try TaskRegistry.standard.task(named: task)
    let examples = try task.examples(at: data, limit: limit, seed: nil)
    if let report { try checkPlace(of: report) }
    let opened = try model.open(weights: weights.weights)
    let result = try TaskEvaluator(opened, adapters: adapters.open(for: opened).edits()).evaluated(task, on: examples)
    if let report {
      let text =
        report.hasSuffix(".html")
        ? result.page(title: "\(task.name): \(opened.name)").html : JSONValue.object(result.json).prettyText
      try TextFile.write(text, to: report, overwrite: overwrite)
    }
    if json { return Console.print(.object(result.json)) }
    Console.print("accuracy \(result.accuracy.percent)  (\(result.correct) of \(result.total))")
    for part in result.classes {
      Console.print("  \(part.name)  \(part.accuracy.percent)  (\(part.correct) of \(part.total))")
    }
  }

  /// An answer of minutes must not be lost for a place that cannot be written.
  private func checkPlace(of report: String) throws(CheckpointError) {
    let parent = URL(fileURLWithPath: report).deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: parent) else {
      throw .parentMissing(path: report, parent: (report as NSString).deletingLastPathComponent)
    }
    if !overwrite, FileManager.default.fileExists(atPath: report) { throw .outputExists(path: report) }
  }
}
