import ArgumentParser
import Charts
import Checkpoints
import Evaluation
import Foundation
import Interventions
import JSON
import LanguageModels
import Pretrained
import Recipes
import Tasks
import TextGeneration

/// `reft compare`: trains several recipes on one task and puts them beside the untouched model.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train recipes in order, evaluate each on a task's test data, and print one table.",
    discussion: """
      A recipe of LoFiT stage 1 (method.part: scale) also leaves its head ranking, and later recipes with method.heads take
      their heads from that one.
      OUTPUT gets summary.json, report.html, a report with every answer for each row, and adapters/NAME.
      """)

  @Argument(help: "Recipes, in order; the file's name is the row's name.")
  var recipes: [String]

  @OptionGroup var model: ModelOptions

  @Option(help: "The task's name.")
  var task: String

  @Option(help: "The task's test data.")
  var test: String

  @Option(help: "Score the first N test examples only.")
  var limit: Int?

  @Option(help: ArgumentHelp("Override a field of every recipe.", valueName: "key=value"))
  var set: [String] = []

  @Option(help: "The folder for everything.")
  var output: String

  @Option(help: "How many answers to show before and after.")
  var answers = 3

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func run() throws {
    let task = try TaskRegistry.standard.task(named: task)
    let tests = try task.examples(at: test, limit: limit, seed: nil)
    let loaded = try recipes.map { path in
      let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let own = [
        Recipe.override("model.path", model.model), Recipe.override("output", "\(output)/adapters/\(name)"),
      ]
      return (name: name, recipe: try Recipe.load(path: path, overrides: own + set))
    }
    try checkNames(loaded.map(\.name))
    let opened = try model.open()
    try check(loaded.map(\.recipe), opened)
    try makeFolder(output + "/adapters")
    var comparison = Comparison(task: task.name, modelParameters: opened.model.parameterCount)
    comparison.add(
      "base", try TaskEvaluator(opened).evaluated(task, on: tests, title: "evaluating base"))
    var ranking: String?
    for (name, written) in loaded {
      var recipe = written
      if let ranking, recipe.method.configuration["heads"] != nil {
        recipe.method.configuration["heads"] = .string(ranking)
      }
      let run = try TrainingRun(recipe, overwrite: true, model: opened)
      let outcome = try run.trainOrStop(title: "training \(name)")
      if Self.ranksHeads(recipe) {
        let top = try HeadReport.top(nil, of: opened.model.shape)
        comparison.heads = try run.keepRanking(outcome, top: top, overwrite: true)
        ranking = recipe.output + "/heads.json"
      } else {
        try run.keep(outcome, overwrite: true)
      }
      // What is scored is what was saved: the folder that a user would load.
      let adapter = try Adapter.load(recipe.output, for: opened.model, base: opened.base).adapter
      let report = try TaskEvaluator(opened, adapters: AdapterRoutes([adapter])).evaluated(
        task, on: tests, title: "evaluating \(name)")
      comparison.add(name, report, adapter: adapter, outcome: outcome)
    }
    try comparison.write(to: output, recipes: loaded)
    if json { return Console.print(comparison.summary) }
    Console.print(comparison.table.render(.plain))
    Console.print(comparison.someAnswers(answers))
    Console.note("adapters: \(output)/adapters    report: \(output)/report.html    summary: \(output)/summary.json")
  }

  /// Rows, adapters and reports go by the recipes' names.
  private func checkNames(_ names: [String]) throws(InputError) {
    var taken: Set = ["base", "summary"]
    for name in names where !taken.insert(name).inserted {
      throw .usage(
        problem: "'\(name)' cannot name a row: it is the name of another recipe, or of a file of the report",
        remedy: "give the recipe's file another name")
    }
  }

  /// Shows what is wrong with the last recipe now, and not after the first ones have been trained.
  private func check(_ recipes: [Recipe], _ model: PretrainedModel) throws {
    var rankingComes = false
    for var recipe in recipes {
      if rankingComes { for key in ["heads", "top"] { recipe.method.configuration[key] = nil } }
      _ = try TrainingRun(recipe, overwrite: true, dryRun: true, model: model)
      rankingComes = rankingComes || Self.ranksHeads(recipe)
    }
  }

  /// Whether this is LoFiT's first stage, which leaves a head ranking.
  private static func ranksHeads(_ recipe: Recipe) -> Bool {
    recipe.method.configuration["part"]?.string == LoFiT.Part.scale.rawValue
  }
}
