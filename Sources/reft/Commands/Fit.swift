import ArgumentParser
import Charts
import Diagnostics
import Fitting
import Foundation
import Interventions
import JSON

/// `reft fit`: adapters that need no training.
struct Fit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit what needs no training: ITI, steering vectors, conditional steering.",
    discussion: """
      Reads pairs {"positive": ..., "negative": ...}, labelled texts {"text": ..., "label": true, "group": ...}, or TruthfulQA's
      TruthfulQA.csv and mc_task.json; runs the model over them, and writes an adapter folder.
        reft fit --model M --data TruthfulQA.csv --method iti --heads 48 --alpha 15 --output adapters/iti
        reft fit --model M --data pairs.jsonl --method steering --locations "10..20.block_output@all" --output adapters/calm
        reft fit --model M --data mc_task.json --method iti --folds 2 --sweep alpha=5,10,15 --sweep heads=16,32,64
      With --folds or --sweep texts are held out: mc1 and mc2 are the share of groups whose most probable text is a true one, and
      the mean share of probability of the true ones; loss is that of the true texts, which a good setting leaves low. The setting
      with the highest mc2 is kept, within --loss-guard.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var settings: FittingSettings

  @Option(help: "Pairs or labelled texts; .jsonl, .json or TruthfulQA's .csv.")
  var data: String

  @Option(help: "The adapter folder to make.")
  var output: String?

  @Flag(help: "Replace the output folder if it is there.")
  var overwrite = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let plan = try FittingPlan(settings)
    guard output != nil || plan.isEvaluated else {
      throw InputError.usage(
        problem: "there is nothing to do with the fit", remedy: "give --output, or --folds or --sweep for a table")
    }
    let run = try FittingRun(plan, data: data, model: model, output: output, overwrite: overwrite)
    let rows = plan.isEvaluated ? try run.evaluate() : []
    if let output {
      let best: FittingPlan.Candidate
      do throws(InputError) {
        best = try run.best(of: rows)
      } catch {
        // What was measured says which settings to try instead.
        Console.note(Self.table(rows))
        throw error
      }
      try run.keep(best, rows, in: output, overwrite: overwrite)
    }
    if !json, !rows.isEmpty { Console.print(Self.table(rows), terminator: "") }
    guard json else {
      if let output { Console.print(output) }
      return
    }
    var result: JSONObject = ["method": .string(plan.method)]
    if let output { result["output"] = .string(output) }
    if !rows.isEmpty { result["rows"] = .array(rows.map { .object($0.json) }) }
    Console.print(.object(result))
  }

  private static func table(_ rows: [FittingRun.Row]) -> String {
    var table = TextTable([
      .init("setting"), .init("mc1", .right), .init("mc2", .right), .init("loss", .right), .init("groups", .right),
    ])
    for row in rows {
      table.add([
        row.name, String(format: "%.4f", row.score.mc1), String(format: "%.4f", row.score.mc2),
        String(format: "%.4f", row.score.loss), "\(row.score.groups)",
      ])
    }
    return table.render(.plain)
  }
}
