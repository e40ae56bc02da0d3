import ArgumentParser
import Checkpoints
import Evaluation
import JSON
import Pretrained
import Tasks

/// `reft evaluate`: scores a model on a task.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score a model, with or without adapters, on a task.",
    discussion: "Tasks: " + TaskRegistry.standard.tasks.map { "\($0.name): \($0.summary)" }.joined(separator: "\n"))

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "The task's name.")
  var task: String

  @Option(help: "The task's data.")
  var data: String

  @Option(help: "Score the first N examples only.")
  var limit: Int?

  @Option(help: "A JSON file for the report with every answer.")
  var report: String?

  @Flag(help: "Print the report as JSON.")
  var json = false

  func run() throws {
    let task = try TaskRegistry.standard.task(named: task)
    let examples = try task.examples(at: data, limit: limit, seed: nil)
    let opened = try model.open()
    let result = try TaskEvaluator(opened, adapters: adapters.open(for: opened)).evaluated(task, on: examples)
    if let report { try TextFile.write(JSONValue.object(result.json).prettyText, to: report, overwrite: true) }
    if json { return Console.print(.object(result.json)) }
    Console.print("accuracy \(result.accuracy.percent)  (\(result.correct) of \(result.total))")
    for part in result.classes {
      Console.print("  \(part.name)  \(part.accuracy.percent)  (\(part.correct) of \(part.total))")
    }
  }
}
