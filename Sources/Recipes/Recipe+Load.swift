public import Diagnostics
import Foundation
import JSON

extension Recipe {
  /// Reads a recipe, sets the overridden fields, and checks everything.
  ///
  /// - Parameters:
  ///   - path: a YAML file; nil to make the recipe of overrides alone.
  ///   - overrides: `section.key=value` each, the value in YAML; later ones win.
  /// - Throws: everything that is wrong, at once; each item is a `RecipeError`.
  public static func load(path: String?, overrides: [String] = []) throws(DiagnosticGroup) -> Recipe {
    guard let path else { return try load(yaml: "", named: "the command line", overrides: overrides) }
    guard let bytes = FileManager.default.contents(atPath: path) else {
      let reason =
        FileManager.default.fileExists(atPath: path) ? "it is a folder or may not be read" : "there is no such file"
      throw group(.unreadable(path: path, reason: reason))
    }
    guard let yaml = String(validating: bytes, as: UTF8.self) else {
      throw group(.syntax(problem: "the text is not valid UTF-8", place: path))
    }
    return try load(yaml: yaml, named: path, overrides: overrides)
  }

  /// Reads a recipe from text.
  ///
  /// - Parameter name: what the text is called in errors.
  public static func load(
    yaml: String, named name: String, overrides: [String] = []
  ) throws(DiagnosticGroup) -> Recipe {
    var problems: [RecipeError] = []
    var root = RecipeNode(kind: .map([]), place: name)
    do throws(RecipeError) {
      root = try RecipeNode(yaml: yaml) { line in line.map { "\(name), line \($0)" } ?? name }
    } catch {
      throw group(error)
    }
    for text in overrides {
      do throws(RecipeError) {
        root = try RecipeOverride(text).applied(to: root)
      } catch {
        problems.append(error)
      }
    }
    let (recipe, found) = decode(root, name)
    if let group = DiagnosticGroup(problems + found) { throw group }
    return recipe
  }

  private static func group(_ error: RecipeError) -> DiagnosticGroup {
    // One item is never none.
    DiagnosticGroup([error])!
  }

  private static func decode(_ root: RecipeNode, _ name: String) -> (Recipe, [RecipeError]) {
    var whole = SectionReader("", RecipeNode(kind: root.kind, place: name), otherwise: name)
    var model = SectionReader("model", whole.node("model"), otherwise: name)
    var data = SectionReader("data", whole.node("data"), otherwise: name)
    var method = SectionReader("method", whole.node("method"), otherwise: name)
    let locations = whole.optional("locations", .nonEmptyText)
    let positions = whole.value("positions", .choice, default: Recipe.PositionRule.exact)
    let beneath = whole.value("beneath", .texts, default: [])
    var objective = SectionReader("objective", whole.node("objective"), otherwise: name)
    var training = SectionReader("training", whole.node("training"), otherwise: name)
    var output = whole.required("output", .nonEmptyText, fallback: "")
    // Shells complete the name of a folder with a slash; other names are made from this one.
    while output.count > 1, output.hasSuffix("/") { output.removeLast() }
    var recipe = Recipe(
      model: Model(from: &model), data: Data(from: &data), method: Method(from: &method), locations: locations,
      positions: positions, output: output)
    recipe.training = Training(from: &training)
    recipe.beneath = beneath
    recipe.objective = Objective(from: &objective)
    if recipe.training.patience != nil, recipe.data.validation == nil {
      training.report(
        .conflict(
          problem: "'training.patience' watches the validation loss, but there is no 'data.validation'",
          remedy: "add data.validation, or leave out patience", place: training.place(of: "patience")))
    }
    // A whole that is no section has one fault, not one for each key it lacks.
    if case .map = root.kind {} else if !root.isNull { return (recipe, Array(whole.problems.prefix(1))) }
    let sections = [model, data, method, objective, training]
    return (
      recipe, whole.finished(elsewhere: allPaths) + sections.flatMap { $0.finished(elsewhere: allPaths) }
    )
  }

  /// The path of every key of a recipe, the settings of methods excepted.
  static let allPaths: [String] = {
    let example = Recipe(model: Model(path: "m"), data: Data(train: "t"), method: Method(name: "n"), output: "o")
    return example.json.flatMap { key, value in value.object.map { $0.keys.map { "\(key).\($0)" } } ?? [key] }
  }()
}

extension Recipe.Model {
  fileprivate init(from section: inout SectionReader) {
    self.init(
      path: section.required("path", .nonEmptyText, fallback: ""),
      device: section.value("device", .nonEmptyText, default: "auto"),
      dtype: section.value("dtype", .nonEmptyText, default: "auto"))
  }
}

extension Recipe.Data {
  fileprivate init(from section: inout SectionReader) {
    self.init(
      train: section.required("train", .nonEmptyText, fallback: ""),
      validation: section.optional("validation", .nonEmptyText),
      format: section.value("format", .nonEmptyText, default: "records"),
      limit: section.optional("limit", .wholeNumber(from: 1)), seed: section.optional("seed", .wholeNumber(from: .min)))
    if seed != nil, limit == nil {
      section.report(
        .conflict(
          problem: "'data.seed' draws 'data.limit' records, but there is no limit",
          remedy: "add data.limit, or leave out data.seed (the order of records follows training.seed)",
          place: section.place(of: "seed")))
    }
  }
}

extension Recipe.Method {
  fileprivate init(from section: inout SectionReader) {
    let name = section.required("name", .nonEmptyText, fallback: "")
    var configuration = JSONObject()
    for (key, value) in section.rest() { configuration[key] = value.json }
    self.init(name: name, configuration: configuration)
  }
}

extension Recipe.Objective {
  fileprivate init(from section: inout SectionReader) {
    self.init()
    name = section.value("name", .choice, default: name)
    layers = section.optional("layers", .nonEmptyText)
    alpha = section.value("alpha", .positive, default: alpha)
    tokens = section.value("tokens", .wholeNumber(from: 1), default: tokens)
  }
}

extension Recipe.Training {
  fileprivate init(from section: inout SectionReader) {
    self.init()
    epochs = section.value("epochs", .wholeNumber(from: 1), default: epochs)
    batchSize = section.value("batch_size", .wholeNumber(from: 1), default: batchSize)
    microBatchTokens = section.optional("micro_batch_tokens", .wholeNumber(from: 1))
    accumulation = section.value("accumulation", .wholeNumber(from: 1), default: accumulation)
    learningRate = section.value("learning_rate", .positive, default: learningRate)
    schedule = section.value("schedule", .choice, default: schedule)
    warmupRatio = section.value("warmup_ratio", .share, default: warmupRatio)
    weightDecay = section.value("weight_decay", .notNegative, default: weightDecay)
    betas = section.value("betas", .decayRates, default: betas)
    epsilon = section.value("epsilon", .positive, default: epsilon)
    gradientClip = section.optional("gradient_clip", .positive, default: gradientClip)
    l1Penalty = section.value("l1_penalty", .notNegative, default: l1Penalty)
    seed = section.value("seed", .wholeNumber(from: 0), default: seed)
    patience = section.optional("patience", .wholeNumber(from: 1))
    // A prompt token and a response token at least.
    maxLength = section.value("max_length", .wholeNumber(from: 2), default: maxLength)
    cacheTrunk = section.value("cache_trunk", .choice, default: cacheTrunk)
    checkpointing = section.value("checkpointing", .choice, default: checkpointing)
  }
}
