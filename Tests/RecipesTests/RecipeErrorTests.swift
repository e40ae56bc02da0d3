import Diagnostics
import JSON
import Testing

@testable import Recipes

@Suite struct RecipeErrorTests {
  private func errors(_ yaml: String, _ overrides: String...) -> [RecipeError] {
    problems { try Recipe.load(yaml: yaml, named: "r.yaml", overrides: overrides) }
  }

  /// The errors of the shortest recipe with these fields set.
  private func errors(setting overrides: String...) -> [String] {
    problems { try Recipe.load(yaml: shortest, named: "r.yaml", overrides: overrides) }.map(\.description)
  }

  @Test func `everything that is wrong is said at once, in the order of the file's sections`() {
    let yaml = """
      model: {path: model.gguf}
      data: {trian: train.jsonl}
      method: {name: loreft}
      output: 12
      training:
        epochs: many
        learnig_rate: 1
        schedule: liner
        betas: [0.9]
      """
    let found = errors(yaml)
    #expect(found.count == 7)
    #expect(
      found.map(\.location) == [
        "r.yaml, line 4", "r.yaml, line 2", "r.yaml, line 2", "r.yaml, line 6", "r.yaml, line 8", "r.yaml, line 9",
        "r.yaml, line 7",
      ])
    #expect(
      found[0] == .wrongKind(key: "output", expected: "text that is not empty", got: "12", place: "r.yaml, line 4"))
    #expect(found[0].remedy == "put it in quotes")
    #expect(found[1] == .missing(key: "data.train", expected: "text that is not empty", place: "r.yaml, line 2"))
    #expect(found[2].remedy?.hasPrefix("did you mean 'data.train'?") == true)
    #expect(found[3].problem == "'training.epochs' must be a whole number, at least 1, got the text 'many'")
    #expect(found[4].remedy == "did you mean 'linear'?")
    #expect(found[5].problem.hasSuffix("each at least 0 and below 1, got a list"))
    #expect(found[6].problem == "there is no key 'training.learnig_rate' in a recipe")
    #expect(
      found[6].remedy?.hasPrefix("did you mean 'training.learning_rate'? The valid keys here are: training.epochs")
        == true)
    let group = DiagnosticGroup(found)
    #expect(group?.description.hasPrefix("7 things are wrong:\n- 'output' must be") == true)
  }

  @Test func `a key in the wrong section is told where it belongs`() {
    let found = errors(shortest + "\nepochs: 3\nlearningRate: 1\n")
    #expect(found.map(\.location) == ["r.yaml, line 5", "r.yaml, line 6"])
    #expect(found[0].remedy?.hasPrefix("did you mean 'training.epochs'?") == true)
    #expect(found[1].remedy?.hasPrefix("did you mean 'training.learning_rate'?") == true)
  }

  @Test func `an empty recipe names every key that must be there`() {
    let missing = ["output", "model.path", "data.train", "method.name"]
    #expect(errors("").map(\.problem) == missing.map { "'\($0)' is missing: expected text that is not empty" })
    #expect(errors("").first?.remedy == "add it to the recipe, or pass --set output=…")
  }

  @Test(arguments: [
    ("training.epochs", "0"), ("training.epochs", "2.5"), ("training.batch_size", "-1"),
    ("training.micro_batch_tokens", "0"), ("training.accumulation", "0"), ("training.learning_rate", "0"),
    ("training.learning_rate", "fast"), ("training.learning_rate", ".nan"), ("training.warmup_ratio", "1.5"),
    ("training.weight_decay", "-0.1"), ("training.betas", "[0.9, 1]"), ("training.betas", "[a, b]"),
    ("training.epsilon", "0"), ("training.gradient_clip", "0"), ("training.l1_penalty", "-1"), ("training.seed", "-1"),
    ("training.max_length", "1"), ("positions", "middle"), ("positions", "7"),
    ("training.schedule", "1"), ("training.epochs", "null"), ("training.epochs", "[1]"), ("training.epochs", "{a: 1}"),
    ("data.limit", "0"), ("data.limit", "true"), ("model.path", "''"), ("method.name", "null"), ("locations", "''"),
    ("output", "null"), ("model", "x"), ("training", "[1]"),
  ])
  func `a value out of range is one error with key and place`(key: String, value: String) {
    let found = errors(setting: "\(key)=\(value)")
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix("'\(key)' ") == true, "\(found)")
  }

  @Test func `a misspelt rule of positions is told the nearest one`() {
    #expect(errors(setting: "positions=pyrefr").first?.hasSuffix("fix: did you mean 'pyreft'?") == true)
  }

  @Test func `settings that need each other are told so`() {
    #expect(errors(setting: "data.seed=1").first?.contains("'data.seed' draws 'data.limit' records") == true)
    #expect(errors(setting: "data.seed=1", "data.limit=5").isEmpty)
    #expect(errors(setting: "training.patience=1").first?.contains("there is no 'data.validation'") == true)
    #expect(errors(setting: "training.patience=1", "data.validation=v").isEmpty)
  }

  @Test func `text that is not YAML names the line`() {
    #expect(errors("model: {path: x\noutput: y\n").first?.location.hasPrefix("r.yaml, line ") == true)
    #expect(errors("a:\n\tb: 1").first?.location == "r.yaml, line 2")
    #expect(
      errors("output: a\noutput: b").first?.problem
        == "not a valid recipe: the key 'output' stands twice in one section")
    #expect(errors("- 1\n- 2").map(\.problem) == ["'(recipe)' must be a section of keys, got a list"])
    #expect(errors("just words").count == 1)
    #expect(errors("? [a, b]\n: c").first?.problem == "not a valid recipe: a key must be a word")
    #expect(errors("a: *nobody").count == 1)
    #expect(errors("a: 1\n---\nb: 2").count == 1)
  }

  @Test func `overrides set, replace, clear and add fields`() throws {
    let recipe = try Recipe.load(
      yaml: shortest + "\ntraining: {patience: 3, epochs: 2}\n", named: "r.yaml",
      overrides: [
        "training.learning_rate=1e-3", "training.betas=[0.5, 0.6]", "training.patience=", "method.rank=4",
        "data.validation=a=b.jsonl", "training.epochs=3", "training.epochs=4", "method.heads=[[0, 1], [2, 3]]",
        "output='12'", " training.seed = 5",
      ].map { $0.replacing(" = ", with: "=") })
    #expect(recipe.training.learningRate == 1e-3)
    #expect(recipe.training.betas == [0.5, 0.6])
    #expect(recipe.training.patience == nil)
    #expect(recipe.training.epochs == 4)
    #expect(recipe.training.seed == 5)
    #expect(recipe.method.configuration == ["rank": 4, "heads": [[0, 1], [2, 3]]])
    #expect(recipe.data.validation == "a=b.jsonl")
    #expect(recipe.output == "12")
  }

  @Test func `a recipe can be made of overrides alone`() throws {
    let recipe = try Recipe.load(
      path: nil, overrides: ["model.path=m", "data.train=t", "method.name=lofit", "output=o"])
    #expect(
      recipe
        == Recipe(model: .init(path: "m"), data: .init(train: "t"), method: .init(name: "lofit"), output: "o"))
  }

  @Test func `a bad override names itself`() {
    #expect(errors(setting: "training.epochs").first?.contains("expected section.key=value") == true)
    #expect(errors(setting: "training..epochs=1").first?.contains("expected section.key=value") == true)
    #expect(errors(setting: "=1").first?.contains("expected section.key=value") == true)
    #expect(
      errors(setting: "trainig.epochs=1").first?.contains("(--set trainig.epochs=1)\nfix: did you mean 'training'?")
        == true)
    #expect(errors(setting: "training.epoch=1").first?.contains("did you mean 'training.epochs'?") == true)
    #expect(
      errors(setting: "output.folder=1").first?.contains("'output' must be a section, got the text 'out'") == true)
    #expect(errors(setting: "training.betas=[1").first?.contains("(--set training.betas=[1)") == true)
    #expect(errors(setting: "training.epochs=x", "data.limit=y").count == 2)
  }
}
