import Diagnostics
import Foundation
import JSON
import Testing

@testable import Recipes

/// Everything but the method's own settings left at its default.
let shortest = """
  model: {path: model.gguf}
  data: {train: train.jsonl}
  method: {name: loreft}
  output: out
  """

@Suite struct RecipeTests {
  @Test func `what is left out takes the published defaults`() throws {
    let recipe = try Recipe.load(yaml: shortest, named: "r.yaml")
    #expect(
      recipe
        == Recipe(
          model: .init(path: "model.gguf"), data: .init(train: "train.jsonl"), method: .init(name: "loreft"),
          output: "out"))
    #expect(recipe.training.learningRate == 9e-4)
    #expect(recipe.training.batchSize * recipe.training.accumulation == 32)
    #expect(recipe.training.betas == [0.9, 0.999])
    #expect(recipe.training.gradientClip == 1)
    #expect(recipe.training.schedule == .linear)
    #expect(recipe.data.format == "records")
    #expect(recipe.locations == nil)
    #expect(recipe.positions == .exact)
  }

  @Test func `a slash at the end of the output folder does not count`() throws {
    for (text, output) in [("a/b//", "a/b"), ("/", "/"), ("//", "/"), ("a", "a")] {
      #expect(try Recipe.load(yaml: shortest, named: "r.yaml", overrides: ["output=\(text)"]).output == output)
    }
  }

  /// `off` is a word in YAML 1.2, not false.
  @Test func `where the trunk is kept is a word`() throws {
    for caching in Recipe.TrunkCaching.allCases {
      let yaml = shortest + "\ntraining: {cache_trunk: \(caching.rawValue)}"
      let recipe = try Recipe.load(yaml: yaml, named: "r.yaml")
      #expect(recipe.training.cacheTrunk == caching)
      #expect(try Recipe.load(yaml: recipe.yaml, named: "again") == recipe)
    }
    #expect(try Recipe.load(yaml: shortest, named: "r.yaml").training.cacheTrunk == .auto)
  }

  @Test func `every field is read`() throws {
    let yaml = """
      # A comment.
      model:
        path: "models/Smol LM"
        device: cuda:1
        dtype: bfloat16
      data:
        train: train.json
        validation: val.json
        format: clutrr
        limit: 300
        seed: 42
      method:
        name: loreft
        rank: 8
        dropout: 0.05
        layers: [1, 2]
        note: "7"
        nested: {tied: true}
      locations: all.block_output@f7+l7
      positions: pyreft
      training:
        epochs: 5
        batch_size: 8
        micro_batch_tokens: 1024
        accumulation: 1
        learning_rate: 2e-3
        schedule: cosine
        warmup_ratio: .06
        weight_decay: 0
        betas: [0.8, 0.99]
        epsilon: 1.0e-6
        gradient_clip: null
        l1_penalty: 5e-3
        seed: 7
        patience: 2
        max_length: 256
      output: adapters/x
      """
    let recipe = try Recipe.load(yaml: yaml, named: "r.yaml")
    var training = Recipe.Training()
    training.epochs = 5
    training.batchSize = 8
    training.microBatchTokens = 1024
    training.accumulation = 1
    training.learningRate = 2e-3
    training.schedule = .cosine
    training.warmupRatio = 0.06
    training.betas = [0.8, 0.99]
    training.epsilon = 1e-6
    training.gradientClip = nil
    training.l1Penalty = 5e-3
    training.seed = 7
    training.patience = 2
    training.maxLength = 256
    let expected = Recipe(
      model: .init(path: "models/Smol LM", device: "cuda:1", dtype: "bfloat16"),
      data: .init(train: "train.json", validation: "val.json", format: "clutrr", limit: 300, seed: 42),
      method: .init(
        name: "loreft",
        configuration: ["rank": 8, "dropout": 0.05, "layers": [1, 2], "note": "7", "nested": ["tied": true]]),
      locations: "all.block_output@f7+l7", positions: .pyreft, training: training, output: "adapters/x")
    #expect(recipe == expected)
    #expect(recipe.method.configuration.keys == ["rank", "dropout", "layers", "note", "nested"])
    #expect(try Recipe.load(yaml: recipe.yaml, named: "again") == recipe)
  }

  @Test(arguments: [
    "42", "true", "null", "~", "", " x ", "a: b", "# no", "1e-3", "é\n\"'", "[1]", "- x", "0x1F", "yes",
  ])
  func `text of any look survives being written and read`(text: String) throws {
    var recipe = try Recipe.load(yaml: shortest, named: "r.yaml")
    recipe.method.configuration["note"] = .string(text)
    recipe.method.configuration["list"] = .array([.string(text), .null, 1.5, [:], ["k": .string(text)]])
    #expect(try Recipe.load(yaml: recipe.yaml, named: "again") == recipe)
  }

  @Test func `the written recipe names every field, also the ones at their default`() throws {
    let yaml = try Recipe.load(yaml: shortest, named: "r.yaml").yaml
    for key in Recipe.allPaths { #expect(yaml.contains("\(key.split(separator: ".").last ?? ""):"), "\(key)") }
    #expect(
      yaml.hasPrefix(
        "model:\n  path: model.gguf\n  device: auto\n  dtype: auto\ndata:\n  train: train.jsonl\n  validation: null\n"))
    #expect(yaml.contains("  betas: [0.9, 0.999]\n"))
    #expect(try Recipe.load(yaml: yaml, named: "again") == Recipe.load(yaml: shortest, named: "r.yaml"))
  }

  @Test func `plain scalars mean what YAML's core schema says`() {
    let meanings: [(String, JSONValue)] = [
      ("1e-3", 0.001), ("1E5", 100000.0), ("-2", -2), ("+3", 3), (".5", 0.5), ("1.", 1.0), ("007", 7), ("yes", "yes"),
      ("off", "off"), ("True", true), ("1_000", "1_000"), ("0x10", "0x10"), ("1:30", "1:30"), (".inf", ".inf"),
      (".", "."), ("-", "-"), ("e5", "e5"), ("1e999", "1e999"), ("99999999999999999999", 1e20), ("1.e2", 100.0),
    ]
    for (text, value) in meanings { #expect(RecipeNode.meaning(of: text) == value, "\(text)") }
  }

  @Test func `a file is read, and one that is not there is an error`() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yaml").path
    try shortest.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try Recipe.load(path: path).output == "out")
    #expect(try Recipe.load(path: path, overrides: ["output=b"]).output == "b")
    #expect(
      problems { try Recipe.load(path: "/nowhere.yaml") } == [
        .unreadable(path: "/nowhere.yaml", reason: "there is no such file")
      ])
    try Data([0x61, 0xFF]).write(to: URL(fileURLWithPath: path))
    #expect(problems { try Recipe.load(path: path) } == [.syntax(problem: "the text is not valid UTF-8", place: path)])
  }
}

/// The errors that loading throws; none where it succeeds.
func problems(_ body: () throws -> Recipe) -> [RecipeError] {
  do {
    _ = try body()
    return []
  } catch let group as DiagnosticGroup {
    return group.items.compactMap { $0 as? RecipeError }
  } catch {
    Issue.record("\(error)")
    return []
  }
}
