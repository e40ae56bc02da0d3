import ArgumentParser
import Interventions
import JSON
import LanguageModels
import Pretrained
import Recipes

/// `reft localize`: LoFiT's first stage.
struct Localize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the attention heads that matter for a task (LoFiT stage 1).",
    discussion: """
      Trains a scale on every head with an L1 penalty, ranks the heads by the norm of their scales, prints the ranking, and
      writes it beside the adapter: heads.json, heads.npy (lo-fit's format, the best K) and heads.svg (layer x head map).
      Stage 2: reft train --method lofit --set method.heads=OUTPUT/heads.json --set method.top=K
      """)

  @OptionGroup var recipe: RecipeOptions

  @Option(help: "How many heads to choose (default: a tenth of all).")
  var top: Int?

  @Flag(help: "Print the ranking as JSON.")
  var json = false

  func run() throws {
    let loaded = try recipe.load(adding: ["method.name=lofit", "method.part=scale"])
    guard loaded.method.name == "lofit", loaded.method.configuration["part"] == "scale" else {
      throw InputError.usage(
        problem: "localize trains LoFiT's scales: method.name must be lofit and method.part must be scale",
        remedy: "leave out --method and --set method.part, or use reft train")
    }
    let run = try TrainingRun(loaded, resume: recipe.resume, overwrite: recipe.overwrite, dryRun: recipe.dryRun)
    let count = try HeadReport.top(top, of: run.model.model.shape)
    if recipe.dryRun { return PlanReport(run).print(asJSON: json) }
    let outcome = try run.trainOrStop(title: "localising heads")
    let report = try run.keepRanking(outcome, top: count, overwrite: recipe.overwrite)
    if json {
      Console.print([
        "output": .string(loaded.output), "top": .integer(count), "seconds": .number(outcome.seconds),
        "tokens_per_second": .number(outcome.tokensPerSecond), "heads": report.ranking.json,
      ])
    } else {
      Console.print(report.table, terminator: "")
      Console.note("the ranking is in \(loaded.output)/heads.json, the map in \(loaded.output)/heads.svg")
    }
  }
}
