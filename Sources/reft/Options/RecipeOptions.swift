import ArgumentParser
import JSON
import Recipes
import Tensors

/// A recipe and what the command line changes in it.
struct RecipeOptions: ParsableArguments {
  @Argument(help: "A YAML recipe; everything can also be given by --set.")
  var recipe: String?

  @Option(help: ArgumentHelp("Override a field, such as training.learning_rate=1e-3.", valueName: "key=value"))
  var set: [String] = []

  @Option(help: "Short for --set model.path=…")
  var model: String?

  @Option(help: "Short for --set model.device=…: cpu, cuda, cuda:N, or auto.")
  var device: String?

  @Option(help: "CPU threads (default: all cores).")
  var threads: Int?

  @Option(help: "Short for --set data.train=…")
  var train: String?

  @Option(help: "Short for --set data.validation=…")
  var validation: String?

  @Option(help: "Short for --set method.name=…")
  var method: String?

  @Option(help: "Short for --set locations=…")
  var locations: String?

  @Option(help: "Short for --set training.cache_trunk=…: off, memory, disk, or auto.")
  var cacheTrunk: String?

  @Option(help: "Short for --set output=…")
  var output: String?

  @Flag(help: "Replace the output folder if it is there.")
  var overwrite = false

  @Flag(help: "Go on with the run that was interrupted in this output folder.")
  var resume = false

  @Flag(help: "Print the plan and train nothing.")
  var dryRun = false

  func load(adding more: [String] = []) throws -> Recipe {
    if let threads { Engine.threads = threads }
    let short: [(String, String?)] = [
      ("model.path", model), ("model.device", device), ("data.train", train), ("data.validation", validation),
      ("method.name", method),
      ("locations", locations), ("training.cache_trunk", cacheTrunk), ("output", output),
    ]
    let overrides = short.compactMap { key, value in value.map { Recipe.override(key, $0) } }
    return try Recipe.load(path: recipe, overrides: more + overrides + set)
  }
}

extension Recipe {
  /// An override that sets a key to this very text, whatever characters it has: JSON's quotes are YAML's too.
  static func override(_ key: String, _ text: String) -> String { "\(key)=\(JSONValue.string(text).text)" }
}
