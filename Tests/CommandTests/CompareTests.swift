import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct CompareTests {
  private func prepared() throws -> Workplace {
    let place = try Workplace()
    try place.writeRecipe("loreft", data: "{train: train.jsonl, format: kinship}")
    try place.writeRecipe("stage1", method: "{name: lofit, part: scale}", locations: nil)
    try place.writeRecipe(
      "lofit", method: "{name: lofit, heads: an/older/ranking.json, top: 2}", locations: nil)
    return place
  }

  private let flags = ["--model", "model", "--task", "kinship", "--test", "validation.jsonl", "--output", "results"]

  @Test func `recipes stand beside the untouched model in a table, a summary and a page`() throws {
    let place = try prepared()
    let outcome = try place.reft(["compare", "loreft.yaml", "stage1.yaml", "lofit.yaml", "--answers", "1"] + flags)
      .succeeded()
    #expect(outcome.lines[0].hasPrefix("method  "))
    #expect(
      outcome.lines.dropFirst(2).prefix(4).map { $0.split(separator: " ").first } == [
        "base", "loreft", "stage1", "lofit",
      ])
    #expect(outcome.output.contains("Who is Ida to Bo? "))
    #expect(!outcome.output.contains("Who is Al to Eve? "))
    #expect(outcome.errors.contains("report: results/report.html"))

    let rows = try #require(place.json("results/summary.json").array)
    #expect(rows.map { $0["method"] } == ["base", "loreft", "stage1", "lofit"])
    #expect(rows.map { $0["parameters"]?.int } == [0, 390, 96, 16])
    for row in rows {
      #expect(row.object?.keys == ["method", "parameters", "accuracy", "seconds", "tokens_per_second"])
      #expect((0...1).contains(row["accuracy"]?.double ?? -1))
    }
    #expect(rows[0]["seconds"]?.double == 0)
    #expect(rows.dropFirst().allSatisfy { $0["seconds"]?.double ?? 0 > 0 && $0["tokens_per_second"]?.double ?? 0 > 0 })

    let page = try place.text("results/report.html")
    for words in ["<svg", "Test accuracy", "Training loss", "Recipe: lofit", "Heads by the norm"] {
      #expect(page.contains(words), "\(words)")
    }
    for name in ["base", "loreft", "stage1", "lofit"] {
      let report = try place.json("results/\(name).json")
      #expect(report["examples"]?.array?.count == 2)
      // The adapter that was scored is the one that lies there.
      guard name != "base" else { continue }
      let again = try place.reft(
        "evaluate", "--model", "model", "--adapter", "results/adapters/\(name)", "--task", "kinship", "--data",
        "validation.jsonl", "--json"
      ).succeeded().json()
      #expect(again["examples"] == report["examples"])
    }
    let json = try place.reft(
      ["compare", "loreft.yaml", "--json", "--limit", "1", "--set", "training.epochs=1"] + flags
    ).succeeded().json()
    #expect(json.array?.map { $0["method"] } == ["base", "loreft"])
  }

  @Test func `evaluate prints the score, or the whole report`() throws {
    let place = try prepared()
    let evaluate = ["evaluate", "--model", "model", "--task", "kinship", "--data", "train.jsonl"]
    let outcome = try place.reft(evaluate + ["--limit", "4", "--report", "report.json"]).succeeded()
    #expect(outcome.lines[0].hasPrefix("accuracy "))
    #expect(outcome.lines[0].hasSuffix(" of 4)"))
    #expect(try place.json("report.json")["examples"]?.array?.count == 4)
    try place.refuses(evaluate + ["--report", "report.json"], saying: ["already there", "--overwrite"])
    _ = try place.reft(evaluate + ["--limit", "1", "--report", "report.json", "--overwrite"]).succeeded()
    #expect(try place.json("report.json")["examples"]?.array?.count == 1)
    let json = try place.reft(evaluate + ["--json"]).succeeded().json()
    #expect(json["total"]?.int == 6)
    #expect(json["task"] == "kinship")
  }

  @Test func `wrong tasks, data and recipes are refused before anything is trained`() throws {
    let place = try prepared()
    let evaluate = ["evaluate", "--model", "model", "--data", "train.jsonl", "--task"]
    try place.refuses(evaluate + ["kinshp"], saying: ["there is no task 'kinshp'", "did you mean 'kinship'?"])
    try place.refuses(evaluate + ["kinship", "--limit", "7"], saying: ["7 records asked for, but there are 6"])
    try place.refuses(
      evaluate + ["kinship", "--report", "no/report.json"], saying: ["the folder 'no' does not exist", "fix:"])
    try place.refuses(
      evaluate + ["clutrr"], saying: ["a record needs 'clean_story'", "(train.jsonl, line 1)"])
    try place.refuses(
      ["compare", "loreft.yaml", "none.yaml"] + flags, saying: ["there is no such file", "(none.yaml)", "fix:"])
    // The second recipe's fault shows before the first is trained.
    try place.writeRecipe("bad", locations: "9.block_output@f1")
    try place.refuses(["compare", "loreft.yaml", "bad.yaml"] + flags, saying: ["layer 9 is out of range"])
    try place.refuses(["compare", "lofit.yaml"] + flags, saying: ["(an/older/ranking.json)", "fix:"])
    try place.refuses(
      ["compare", "stage1.yaml", "lofit.yaml", "--set", "training.max_length=5"] + flags,
      saying: ["things are wrong", "(train.jsonl, line 1)"])
    try place.writeRecipe("base")
    try place.refuses(["compare", "base.yaml"] + flags, saying: ["'base' cannot name a row", "fix:"])
    try place.refuses(
      ["compare", "loreft.yaml", "./loreft.yaml"] + flags, saying: ["'loreft' cannot name a row", "fix:"])
    try place.write("results", "a file")
    try place.refuses(["compare", "loreft.yaml"] + flags, saying: ["cannot be written to", "(results", "fix:"])
  }
}
