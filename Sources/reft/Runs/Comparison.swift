import Charts
import Checkpoints
import Evaluation
import Foundation
import Interventions
import JSON
import Recipes

/// Methods side by side on one task: the table, the summary for programs, and the page.
struct Comparison {
  let task: String
  let modelParameters: Int
  /// The head ranking of a LoFiT stage 1 among the rows.
  var heads: HeadReport?
  private(set) var rows: [Row] = []

  /// One method.
  struct Row {
    let name: String
    let parameters: Int
    let report: TaskReport
    /// Of training; zero for the untouched model.
    let seconds: Double
    let tokensPerSecond: Double
    let losses: [Double]
  }

  init(task: String, modelParameters: Int) {
    self.task = task
    self.modelParameters = modelParameters
  }

  mutating func add(
    _ name: String, _ report: TaskReport, adapter: Adapter? = nil, outcome: TrainingRun.Outcome? = nil
  ) {
    rows.append(
      Row(
        name: name, parameters: adapter?.parameterCount ?? 0, report: report, seconds: outcome?.seconds ?? 0,
        tokensPerSecond: outcome?.tokensPerSecond ?? 0, losses: outcome?.losses ?? []))
  }

  /// `[{method, parameters, accuracy, seconds, tokens_per_second}, ...]`, `base` first.
  var summary: JSONValue {
    .array(
      rows.map {
        [
          "method": .string($0.name), "parameters": .integer($0.parameters), "accuracy": .number($0.report.accuracy),
          "seconds": .number($0.seconds), "tokens_per_second": .number($0.tokensPerSecond),
        ]
      })
  }

  var table: TextTable {
    var table = TextTable([
      .init("method"), .init("parameters", .right), .init("% of model", .right), .init("test accuracy", .right),
      .init("training time", .right), .init("tokens/s", .right),
    ])
    for row in rows {
      let isTrained = row.seconds > 0
      table.add([
        row.name, "\(row.parameters)",
        String(format: "%.4f", Double(row.parameters) / Double(modelParameters) * 100), row.report.accuracy.percent,
        isTrained ? ProgressMeter.time(row.seconds) : "-",
        isTrained ? String(format: "%.0f", row.tokensPerSecond) : "-",
      ])
    }
    return table
  }

  /// The first test questions with every method's answer.
  func someAnswers(_ count: Int) -> String {
    guard let first = rows.first else { return "" }
    var lines: [String] = []
    for i in first.report.examples.indices.prefix(count) {
      let example = first.report.examples[i]
      lines.append(example.prompt + "   [right: \(example.references.joined(separator: " or "))]")
      for row in rows {
        let answer = row.report.examples[i]
        let text = String(answer.generation.replacingLineBreaks.prefix(60))
        lines.append("  \(row.name): \(text)  \(answer.isCorrect ? "✓" : "✗")")
      }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }

  /// Writes summary.json, report.html and a JSON report with every answer for each row.
  func write(to folder: String, recipes: [(name: String, recipe: Recipe)]) throws {
    try TextFile.write(summary.prettyText, to: folder + "/summary.json", overwrite: true)
    for row in rows {
      try TextFile.write(
        JSONValue.object(row.report.json).prettyText, to: "\(folder)/\(row.name).json", overwrite: true)
    }
    try page(recipes).write(to: folder + "/report.html")
  }

  private func page(_ recipes: [(name: String, recipe: Recipe)]) throws -> ReportPage {
    var page = ReportPage(title: "\(task): methods side by side", subtitle: "made by `reft compare`")
    page.add(.table(table, caption: "Exact match on \(rows.first?.report.total ?? 0) test examples, greedy decoding."))
    let bars = rows.map { BarChart.Bar($0.name, $0.report.accuracy, isBaseline: $0.name == "base") }
    page.add(.figure(try BarChart(title: "Test accuracy", bars: bars)))
    let trained = rows.filter { !$0.losses.isEmpty }
    if !trained.isEmpty {
      page.add(
        .figure(
          try LineChart(
            title: "Training loss", xLabel: "update", yLabel: "cross entropy of the response (nats)",
            series: trained.map { LineChart.Series($0.name, $0.losses) })))
    }
    if let heads { try page.add(.figure(heads.map, caption: "LoFiT stage 1: the heads that the task needs.")) }
    page.add(.heading("Answers"))
    page.add(.verbatim(someAnswers(8)))
    for (name, recipe) in recipes {
      page.add(.heading("Recipe: \(name)"))
      try page.add(.verbatim(recipe.yaml))
    }
    return page
  }
}
