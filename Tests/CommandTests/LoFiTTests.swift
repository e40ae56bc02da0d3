import Foundation
import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct LoFiTTests {
  @Test func `localize ranks every head, and train takes the best of them`() throws {
    let place = try Workplace()
    try place.writeRecipe(
      "stage1", method: "{}", locations: nil,
      training: "{epochs: 2, batch_size: 2, accumulation: 1, learning_rate: 2e-2, l1_penalty: 1e-3}")
    let outcome = try place.reft("localize", "stage1.yaml", "--top", "3").succeeded()
    #expect(outcome.lines.count == 5)
    #expect(outcome.lines[0].split(separator: " ") == ["rank", "layer", "head", "score"])
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path("stage1")).sorted()
    #expect(
      files == [
        "adapter.json", "adapter.safetensors", "heads.json", "heads.npy", "heads.svg", "metrics.jsonl", "recipe.yaml",
      ])
    let heads = try #require(place.json("stage1/heads.json").array)
    #expect(heads.count == 12)
    #expect(Set(heads.compactMap { [$0["layer"]?.int, $0["head"]?.int] }).count == 12)
    let scores = heads.compactMap { $0["score"]?.double }
    #expect(scores == scores.sorted(by: >))
    for (i, head) in heads.prefix(3).enumerated() {
      let row = outcome.lines[2 + i].split(separator: " ").map(String.init)
      #expect(row.prefix(3) == ["\(i + 1)", head["layer"]?.text ?? "", head["head"]?.text ?? ""])
    }
    #expect(try place.text("stage1/heads.svg").hasPrefix("<svg"))

    // The same by another name: three rows of the .npy file are the first three of the JSON file.
    for (name, method) in [
      ("json", "{name: lofit, heads: stage1/heads.json, top: 3}"), ("npy", "{name: lofit, heads: stage1/heads.npy}"),
    ] {
      try place.writeRecipe(name, method: method, locations: nil)
      let result = try place.reft("train", "\(name).yaml", "--json").succeeded().json()
      #expect(result["parameters"]?.int == 3 * 8)
    }
    #expect(try place.json("json/adapter.json")["locations"] == place.json("npy/adapter.json")["locations"])
    #expect(try place.bytes("json/adapter.safetensors") == place.bytes("npy/adapter.safetensors"))

    let json = try place.reft("localize", "stage1.yaml", "--overwrite", "--json").succeeded().json()
    #expect(json.object?.keys == ["output", "top", "seconds", "tokens_per_second", "heads"])
    #expect(json["top"]?.int == 1)
    #expect(json["heads"] == .array(heads))
    let plan = try place.reft("localize", "stage1.yaml", "--overwrite", "--dry-run").succeeded()
    #expect(plan.output.contains("parameters  96 ("))
  }

  @Test func `wrong choices of heads are refused before anything is trained`() throws {
    let place = try Workplace()
    try place.writeRecipe("lofit", method: "{name: lofit, heads: heads.json}", locations: nil)
    let train = ["train", "lofit.yaml"]
    try place.refuses(train, saying: ["heads.json", "fix: check the path"])
    for (text, words) in [
      ("[[0, 1], [0", ["not valid JSON", "heads.json, line 1"]), ("{}", ["expected a list of heads"]),
      ("[]", ["expected a list of heads"]), ("[[0, 1], [0, 1]]", ["a head stands twice"]),
      ("[[0, -1]]", ["counted from 0"]), ("[{\"layer\": 0}]", ["'head' is missing", "heads.json, item 1"]),
      ("[[0, 4]]", ["head 4 is out of range", "heads 0 to 3"]), ("[[3, 0]]", ["layer 3 is out of range"]),
      ("[[0, 1, 2]]", ["heads.json, item 1"]),
    ] {
      try place.write("heads.json", text)
      try place.refuses(train, saying: words)
    }
    try place.write("heads.json", "[[0, 1], [2, 3]]")
    try place.refuses(
      train + ["--set", "method.top=3"], saying: ["'top' must be between 1 and the 2 heads of heads.json"])
    try place.refuses(train + ["--set", "method.top=many"], saying: ["'top' must be", "\"many\""])
    try place.refuses(train + ["--set", "method.heads=7"], saying: ["'heads' must be", "got 7"])
    try place.refuses(
      train + ["--locations", "0.head_attention_value_output@all"],
      saying: ["both 'locations' and 'method.heads'", "fix:"])
    try place.refuses(train + ["--set", "method.heads=", "--set", "method.top=3"], saying: ["together with 'heads'"])
    try place.write("heads.npy", "no numbers")
    try place.refuses(train + ["--set", "method.heads=heads.npy"], saying: ["heads.npy"])

    try place.writeRecipe("stage1", method: "{}", locations: nil)
    try place.refuses(
      ["localize", "stage1.yaml", "--top", "13"], saying: ["'--top' must be between 1 and the model's 12 heads, got 13"]
    )
    try place.refuses(
      ["localize", "stage1.yaml", "--set", "method.part=bias"], saying: ["localize trains LoFiT's scales", "fix:"])
  }

  @Test func `merge folds the adapter into a folder that scores as the model with the adapter does`() throws {
    let place = try Workplace()
    try place.trainLoFiT()
    let outcome = try place.reft("merge", "--model", "model", "--adapter", "lofit", "--output", "merged").succeeded()
    #expect(outcome.output == "merged\n")
    #expect(outcome.errors.contains("differ by at most"))
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path("merged")).sorted()
    #expect(files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
    #expect(try place.json("merged/config.json")["attention_bias"] == true)

    let pairs: [JSONValue] = Workplace.records.map { ["prompt": $0["prompt"] ?? "", "completion": "the aunt"] }
    try place.write("pairs.jsonl", lines: pairs)
    // One line that goes another way keeps the adapter of the others an edit.
    try place.write("ways.jsonl", lines: pairs + [["prompt": "a", "completion": "b", "adapters": []]])
    func logprobs(_ flags: String..., input: String = "pairs.jsonl") throws -> [Double] {
      try place.reft(["score", "--input", input] + flags).succeeded().jsonLines().compactMap { $0["logprob"]?.double }
    }
    let merged = try logprobs("--model", "merged")
    let folded = try logprobs("--model", "model", "--adapter", "lofit")
    let tapped = try logprobs("--model", "model", "--adapter", "lofit", input: "ways.jsonl")
    let base = try logprobs("--model", "model")
    #expect(merged.count == 6 && folded.count == 6 && tapped.count == 7)
    for i in merged.indices {
      #expect(abs(merged[i] - tapped[i]) < 1e-4)
      #expect(abs(folded[i] - tapped[i]) < 1e-4)
      #expect(abs(base[i] - tapped[i]) > 1e-2)
    }
    let facts = try place.reft("inspect", "merged", "--json").succeeded().json()
    #expect(facts["stored_elements"]?.object?.keys == ["F32"])

    try place.refuses(
      ["merge", "--model", "model", "--adapter", "lofit", "--output", "merged"],
      saying: ["the output is already there", "(merged)", "--overwrite"])
    let json = try place.reft(
      "merge", "--model", "model", "--adapter", "lofit", "--output", "merged", "--overwrite", "--json"
    ).succeeded().json()
    #expect(json.object?.keys == ["output", "largest_logit_difference", "tolerance", "changed_tensors"])
    #expect(json["largest_logit_difference"]?.double ?? 1 <= json["tolerance"]?.double ?? 0)
    try place.refuses(
      ["score", "--model", "merged", "--adapter", "lofit", "--input", "pairs.jsonl"],
      saying: ["the adapter belongs to another model", "the weights are others", "(lofit)", "fix:"])
  }

  @Test func `what has no exact fold is not merged`() throws {
    let place = try Workplace()
    try place.trainLoReFT()
    try place.refuses(
      ["merge", "--model", "model", "--adapter", "loreft", "--output", "merged"],
      saying: ["loreft cannot be folded into the weights", "(merge)", "fix: keep the adapter beside the model"])
    try place.refuses(
      ["merge", "--model", "model", "--adapter", "model", "--output", "merged"],
      saying: ["expected an adapter folder, found a folder without adapter.json", "(model)", "fix:"])
  }
}
