import ArgumentParser
import Interventions
import JSON
import Recipes

/// `reft train`: learns an adapter from a recipe.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train an adapter on a frozen model.",
    discussion: """
      reft train recipe.yaml
      reft train recipe.yaml --set training.learning_rate=2e-3 --dry-run
      reft train --model model.gguf --train data.jsonl --method loreft --output adapters/mine
      """)

  @OptionGroup var recipe: RecipeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let loaded = try recipe.load()
    let run = try TrainingRun(loaded, resume: recipe.resume, overwrite: recipe.overwrite, dryRun: recipe.dryRun)
    if recipe.dryRun { return try PlanReport(run).print(asJSON: json) }
    Console.note(try PlanReport(run).text + "\n")
    let outcome = try run.trainOrStop(title: "training \(run.adapter.plan.method)")
    try run.keep(outcome, overwrite: recipe.overwrite)
    for epoch in outcome.epochs { Console.note(epoch.line) }
    if json {
      Console.print([
        "output": .string(loaded.output), "parameters": .integer(run.adapter.parameterCount),
        "seconds": .number(outcome.seconds), "tokens_per_second": .number(outcome.tokensPerSecond),
        "epochs": .array(outcome.epochs.map { .object($0.json) }),
      ])
    } else {
      Console.print(loaded.output)
    }
  }
}
