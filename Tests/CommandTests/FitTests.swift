import Foundation
import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct FitTests {
  /// Questions with two true and two false answers each, that the tiny model can hold.
  private static let answers: [JSONValue] = (0..<8).flatMap { question -> [JSONValue] in
    [("yes", true), ("it is", true), ("no", false), ("it is not", false)].map { answer, label in
      ["text": .string("Q: is \(question) so? A: \(answer)"), "label": .bool(label), "group": .integer(question)]
    }
  }
  private static let pairs: [JSONValue] = (0..<7).map {
    ["prompt": .string("I am \($0): "), "positive": "calm and kind", "negative": "angry, rude"]
  }

  private func place() throws -> Workplace {
    let place = try Workplace()
    try place.write("answers.jsonl", lines: Self.answers)
    try place.write("pairs.jsonl", lines: Self.pairs)
    return place
  }

  @Test func `ITI is fitted, generates, merges at all positions and refuses to at the last token`() throws {
    let place = try place()
    let fit = [
      "fit", "--model", "model", "--data", "answers.jsonl", "--method", "iti", "--heads", "25%", "--alpha", "3",
    ]
    #expect(try place.reft(fit + ["--output", "iti"]).succeeded().lines == ["iti"])
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path("iti")).sorted()
    #expect(files == ["adapter.json", "adapter.safetensors", "heads.json"])
    #expect(try place.json("iti/heads.json").array?.count == 12)
    let described = try place.json("iti/adapter.json")
    #expect(described["method"]?.text.contains("iti") ?? false)
    for command in [
      ["generate", "--adapter", "iti", "--prompt", "Q: ", "--max-new-tokens", "3"],
      ["merge", "--adapter", "iti", "--output", "merged"],
    ] { _ = try place.reft([command[0], "--model", "model"] + command.dropFirst()).succeeded() }
    _ = try place.reft(fit + ["--positions", "l1+generated", "--output", "last"]).succeeded()
    try place.refuses(
      ["merge", "--model", "model", "--adapter", "last", "--output", "none"], saying: ["l1+generated"])
    // The heads can be LoFiT's, as a share too.
    try place.writeRecipe("lofit", method: "{name: lofit, heads: iti/heads.json, top: 25%}", locations: nil)
    #expect(try place.reft("train", "lofit.yaml", "--json").succeeded().json()["parameters"]?.int == 3 * 8)
  }

  @Test func `a sweep prints scores of what was held out, and the best is kept`() throws {
    let place = try place()
    let outcome = try place.reft(
      "fit", "--model", "model", "--data", "answers.jsonl", "--method", "iti", "--sweep", "alpha=1,4", "--sweep",
      "k=2,4",
      "--output", "best", "--json"
    ).succeeded().json()
    let rows = try #require(outcome["rows"]?.array)
    #expect(rows.count == 5 && rows.allSatisfy { $0["groups"]?.int == 8 })
    #expect(rows[0]["setting"]?.string == "the model alone")
    #expect(rows[1]["setting"]?.string == "alpha 1.0, heads 2" || rows[1]["setting"]?.string == "alpha 1, heads 2")
    #expect(try place.json("best/adapter.json")["metrics"]?["held_out"]?.array == rows)
    let table = try place.reft(
      "fit", "--model", "model", "--data", "pairs.jsonl", "--sweep", "coefficient=1,2", "--folds", "2", "--fold", "1",
      "--locations", "1..2.block_output@all"
    ).succeeded()
    #expect(table.lines.count == 5 && table.lines[0].split(separator: " ").first == "setting")
  }

  @Test func `steering vectors are fitted from pairs and read in a text`() throws {
    let place = try place()
    _ = try place.reft(
      "fit", "--model", "model", "--data", "pairs.jsonl", "--output", "calm", "--unit", "sigma", "--coefficient", "2"
    ).succeeded()
    let text = "I am calm"
    let read = ["read", "--model", "model", "--adapter", "calm", "--text", text]
    let json = try place.reft(read + ["--json", "--svg", "map.svg"]).succeeded().json()
    let tokens = try #require(json["tokens"]?.array)
    #expect(json["scores"]?.array?.count == 3)
    #expect(json["scores"]?.array?.allSatisfy { $0["scores"]?.array?.count == tokens.count } ?? false)
    #expect(try place.text("map.svg").hasPrefix("<svg"))
    let table = try place.reft(read + ["--layers", "0,2"]).succeeded()
    #expect(table.lines.count == tokens.count + 2)
    #expect(table.lines[0].split(separator: " ") == ["token", "mean", "0", "2"])
    try place.refuses(read + ["--svg", "map.svg"], saying: ["map.svg"])
    try place.writeRecipe("loreft")
    _ = try place.reft("train", "loreft.yaml").succeeded()
    try place.refuses(
      ["read", "--model", "model", "--adapter", "loreft", "--text", text],
      saying: ["one with reading vectors", "loreft"])
  }

  @Test func `conditional steering finds its condition`() throws {
    let place = try place()
    try place.write(
      "prompts.jsonl",
      lines: (0..<6).map { index -> JSONValue in
        ["text": .string(index < 3 ? "zzzz \(index)" : "AAAA \(index)"), "label": .bool(index < 3)]
      })
    let fit = [
      "fit", "--model", "model", "--data", "pairs.jsonl", "--method", "conditional", "--output", "cast", "--locations",
      "1.block_output@all",
    ]
    try place.refuses(fit, saying: ["a condition needs prompts", "--condition-data"])
    let outcome = try place.reft(fit + ["--condition-data", "prompts.jsonl"]).succeeded()
    #expect(outcome.errors.contains("the condition fires at layer"))
    #expect(try place.json("cast/adapter.json")["metrics"]?["condition_f1"]?.double == 1)
  }

  @Test func `what cannot be fitted is refused before the model is opened or anything is written`() throws {
    let place = try place()
    func refuses(_ more: [String], saying words: [String]) throws {
      try place.refuses(
        ["fit", "--model", "model", "--data", "answers.jsonl", "--output", "out"] + more, saying: words)
      #expect(!place.exists("out"))
    }
    try refuses(["--method", "loreft"], saying: ["loreft is trained, not fitted", "reft train"])
    try refuses(["--method", "itii"], saying: ["unknown method 'itii'", "iti"])
    try refuses(["--direction", "mass_men"], saying: ["there is no 'mass_men'", "mass_mean"])
    try refuses(["--direction", "pca_diff"], saying: ["'pca_diff' needs pairs"])
    try refuses(["--sweep", "alpha=1"], saying: ["--sweep 'alpha=1'", "coefficient"])
    try refuses(["--method", "iti", "--sweep", "alpha=x"], saying: ["'x' is no number"])
    try refuses(["--method", "iti", "--heads", "none"], saying: ["'--heads' must be a number of heads"])
    try refuses(["--method", "iti", "--heads", "13"], saying: ["'--heads' must be between 1 and the model's 12 heads"])
    try refuses(["--loss-guard", "1"], saying: ["--loss-guard", "nothing is held out", "--sweep"])
    try refuses(
      ["--sweep", "coefficient=500", "--loss-guard=-5"], saying: ["every setting raises the loss above", "smaller"])
    try refuses(["--fold", "1"], saying: ["--fold 1", "--folds"])
    try refuses(["--locations", "7.block_output"], saying: ["layer 7"])
    try place.refuses(["fit", "--model", "model", "--data", "pairs.jsonl"], saying: ["nothing to do", "--output"])
    try place.write("one.jsonl", lines: [["text": "a", "label": true], ["text": "b", "label": true]])
    try place.refuses(
      ["fit", "--model", "model", "--data", "one.jsonl", "--output", "out"], saying: ["all 2 texts have the label true"]
    )
  }

  @Test(arguments: ["random", "probe", "bias"])
  func `heads are chosen by LoFiT's other measures`(by: String) throws {
    let place = try place()
    try place.writeRecipe("stage1", method: "{}", locations: nil)
    let data = by == "probe" ? ["--train", "answers.jsonl"] : []
    let outcome = try place.reft(["localize", "stage1.yaml", "--by", by, "--top", "25%", "--json"] + data).succeeded()
      .json()
    #expect(outcome["top"]?.int == 3 && outcome["heads"]?.array?.count == 12)
    #expect(try place.json("stage1/heads.json") == outcome["heads"])
    #expect(place.exists("stage1/heads.npy") && place.exists("stage1/heads.svg"))
    try place.writeRecipe("stage2", method: "{name: lofit, heads: stage1/heads.npy}", locations: nil)
    #expect(try place.reft("train", "stage2.yaml", "--json").succeeded().json()["parameters"]?.int == 3 * 8)
  }

  @Test func `a conditional adapter acts on the prompts that meet its condition alone`() throws {
    let place = try place()
    try place.write(
      "prompts.jsonl",
      lines: (0..<6).map { index -> JSONValue in
        ["text": .string(index < 3 ? "zzzz \(index)" : "AAAA \(index)"), "label": .bool(index < 3)]
      })
    _ = try place.reft(
      "fit", "--model", "model", "--data", "pairs.jsonl", "--method", "conditional", "--output", "cast",
      "--coefficient",
      "30", "--condition-data", "prompts.jsonl"
    ).succeeded()
    try place.write(
      "score.jsonl",
      lines: ["zzzz 1", "AAAA 4"].map { ["prompt": .string($0), "completion": " and so on"] })
    func scores(_ more: [String]) throws -> [Double] {
      try place.reft(["score", "--model", "model", "--input", "score.jsonl"] + more).succeeded().jsonLines().compactMap
      {
        $0["logprob"]?.double
      }
    }
    let (plain, edited) = (try scores([]), try scores(["--adapter", "cast"]))
    // With the adapter the two have no row in common, so passes are of other sizes, and products round otherwise.
    #expect(abs(edited[0] - plain[0]) > 1e-2 && abs(edited[1] - plain[1]) < 1e-4)
    try place.write("embed.jsonl", lines: [["text": "zzzz"]])
    try place.refuses(
      ["embed", "--model", "model", "--adapter", "cast", "--input", "embed.jsonl"],
      saying: ["decides by a prompt", "fix:"])
  }

  @Test func `contrast vectors change an answer by so much`() throws {
    let place = try place()
    func answer(_ more: String...) throws -> JSONValue {
      try place.reft(
        [
          "contrast", "--model", "model", "--prompt", "I am ", "--positive", "calm: I am ", "--negative", "rude! I am ",
          "--max-new-tokens", "5", "--json",
        ] + more
      ).succeeded().json()
    }
    let plain = try place.reft("generate", "--model", "model", "--prompt", "I am ", "--max-new-tokens", "5").succeeded()
    #expect(try answer("--alpha", "0")["text"]?.string == plain.output.split(separator: "\n").first.map(String.init))
    #expect(try answer("--alpha", "8") != answer("--alpha", "0"))
    try place.refuses(
      [
        "contrast", "--model", "model", "--prompt", "a", "--positive", "b", "--negative", "c", "--location",
        "1.block_output@prompt",
      ], saying: ["whole activations", "fix:"])
  }
}
