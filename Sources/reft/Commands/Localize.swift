import ArgumentParser
import Checkpoints
import Interventions
import JSON
import LanguageModels
import Pretrained
import Recipes
import Tasks

/// `reft localize`: LoFiT's first stage, and the other ways of choosing heads that the paper compares it with.
struct Localize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the attention heads that matter for a task (LoFiT stage 1).",
    discussion: """
      Trains a scale on every head with an L1 penalty, ranks the heads by the norm of their scales, prints the ranking, and
      writes it beside the adapter: heads.json, heads.npy (lo-fit's format, the best K) and heads.svg (layer x head map).
      Stage 2: reft train --method lofit --set method.heads=OUTPUT/heads.json --set method.top=K
      --by has the paper's other choices: bias (the norm of trained offsets), probe (ITI: how well a probe of the head tells the
      labelled texts of data.train apart), random. Another task's heads are the heads.json of that task.
      """)

  @OptionGroup var recipe: RecipeOptions

  @Option(help: "scale, bias, probe or random: what heads are ranked by.")
  var by = HeadChoice.scale

  @Option(help: "How many heads to choose, a number or a share such as 0.1 or 10% (default: a tenth of all).")
  var top: String?

  @Flag(help: "Print the ranking as JSON.")
  var json = false

  func run() throws {
    guard let part = by.part else { return try rankUntrained() }
    let loaded = try recipe.load(adding: ["method.name=lofit", "method.part=\(part)"])
    guard loaded.method.name == "lofit", loaded.method.configuration["part"]?.string == part else {
      throw InputError.usage(
        problem: "localize trains LoFiT's \(by == .scale ? "scales" : "offsets"): method.name must be lofit and "
          + "method.part must be \(part)",
        remedy: "leave out --method and --set method.part, or use reft train")
    }
    let run = try TrainingRun(loaded, resume: recipe.resume, overwrite: recipe.overwrite, dryRun: recipe.dryRun)
    let count = try HeadReport.top(top, of: run.model.model.shape)
    if recipe.dryRun { return try PlanReport(run).print(asJSON: json) }
    let outcome = try run.trainOrStop(title: "localising heads")
    let report = try run.keepRanking(outcome, by: by, top: count, overwrite: recipe.overwrite)
    show(
      report, top: count, in: loaded.output,
      facts: ["seconds": .number(outcome.seconds), "tokens_per_second": .number(outcome.tokensPerSecond)])
  }

  /// Ranks heads without training anything.
  private func rankUntrained() throws {
    // A random choice reads no data.
    let loaded = try recipe.load(adding: ["method.name=lofit"] + (by == .random ? ["data.train=none"] : []))
    try OutputFolder.check(loaded.output, overwrite: recipe.overwrite, marks: ["heads.json"])
    let statements = by == .probe ? try StatementReader.read(loaded.data.train) : nil
    let opened = try PretrainedModel.opened(loaded.model.path, device: loaded.model.device, dtype: loaded.model.dtype)
    let count = try HeadReport.top(top, of: opened.model.shape)
    let ranking = try by.ranking(opened, statements, seed: loaded.training.seed)
    let report = HeadReport(
      ranking: ranking, shape: opened.model.shape, top: count, measure: by.measure, title: by.title)
    try OutputFolder.write(to: loaded.output, overwrite: recipe.overwrite, marks: ["heads.json"]) { folder in
      for (name, text) in try report.files() { try TextFile.write(text, to: folder + "/" + name) }
      try ranking.numpy(top: count).write(to: folder + "/heads.npy", overwrite: true)
    }
    show(report, top: count, in: loaded.output, facts: ["by": .string(by.rawValue)])
  }

  private func show(_ report: HeadReport, top count: Int, in output: String, facts: JSONObject) {
    if json {
      let about: JSONObject = ["output": .string(output), "top": .integer(count)]
      Console.print(.object(about.merging(facts).merging(["heads": report.ranking.json])))
    } else {
      Console.print(report.table, terminator: "")
      Console.note("the ranking is in \(output)/heads.json, the map in \(output)/heads.svg")
    }
  }
}
