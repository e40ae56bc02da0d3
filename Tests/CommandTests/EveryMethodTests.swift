import JSON
import Testing
import _TestSupport

/// Every method from the command: trained, inspected, applied at several strengths, folded or refused.
@Suite(.engineAlone) struct EveryMethodFromTheCommand {
  @Test func `every method that is trained goes all the way, and what it cannot do is said`() throws {
    let place = try Workplace()
    let methods = try #require(try place.reft("methods", "--json").succeeded().json().array)
    #expect(methods.count > 20)
    for method in methods {
      let name = try #require(method["method"]?.string)
      let one = try place.reft("methods", name, "--json").succeeded().json()
      #expect(one == method && one["settings"]?.object != nil)
      try place.writeRecipe(name, method: "{name: \(name)}", locations: nil)
      let trained = try place.reft("train", "\(name).yaml", "--json")
      if trained.code != 0 {
        #expect(trained.errors.contains("has nothing to train") && trained.errors.contains("reft fit"), "\(name)")
        #expect(["iti", "steering", "conditional"].contains(name))
        continue
      }
      let facts = try place.reft("inspect", name, "--json").succeeded().json()
      #expect(facts["method"]?.string == name)
      #expect(try facts["parameters"] == trained.json()["parameters"])
      #expect(facts["settings"]?.object?.keys == one["settings"]?.object?.keys)
      func scored(_ flags: String...) throws -> Double {
        try place.write("pair.jsonl", #"{"prompt": "Who is Ann to Tom? ", "completion": "the aunt"}"#)
        let lines = try place.reft(["score", "--model", "model", "--input", "pair.jsonl"] + flags).succeeded()
          .jsonLines()
        return try #require(lines[0]["logprob"]?.double)
      }
      let (base, full) = (try scored(), try scored("--adapter", name))
      #expect(full != base, "\(name)")
      #expect(try scored("--adapter", name, "--strength", "0") == base, "\(name)")
      #expect(try ![base, full].contains(scored("--adapter", name, "--strength", "0.5")), "\(name)")
      // Folded, it is the adapter; where it cannot be, nothing is written and the reason is given.
      let merge = ["merge", "--model", "model", "--adapter", name, "--output", "\(name)-merged"]
      let isEverywhere =
        facts["locations"]?.string?.contains("@") == false || facts["locations"]?.string?.contains("@all") == true
      if one["folds"]?.string?.hasPrefix("into") == true, isEverywhere {
        try place.reft(merge).succeeded()
        let lines = try place.reft("score", "--model", "\(name)-merged", "--input", "pair.jsonl").succeeded()
          .jsonLines()
        #expect(abs(try #require(lines[0]["logprob"]?.double) - full) < 1e-3, "\(name)")
      } else {
        try place.refuses(merge, saying: ["cannot be folded into the weights", "reft generate --adapter"])
      }
    }
  }

  @Test func `adapters act one after the other, and each line may name its own`() throws {
    let place = try Workplace()
    try place.trainLoReFT()
    try place.trainLoFiT()
    for (name, method) in [("soft", "{name: prompt_tuning, start_text: Who}"), ("lora", "{name: lora, rank: 2}")] {
      try place.writeRecipe(name, method: method, locations: nil)
      try place.reft("train", "\(name).yaml").succeeded()
    }
    #expect(try place.json("soft/adapter.json")["settings"]?["start"]?.string == "text")
    let all = ["loreft", "lofit", "soft", "lora"].flatMap { ["--adapter", $0] }
    let lines: [JSONValue] = [
      [], ["loreft"], ["lora", "loreft"], ["loreft", "lora"], ["soft", ["name": "lofit", "strength": 2]],
    ]
    try place.write(
      "mixed.jsonl",
      lines: lines.map { ["prompt": "Who is Ann to Tom? ", "completion": "the aunt", "adapters": $0] })
    let mixed = try place.reft(["score", "--model", "model", "--input", "mixed.jsonl"] + all).succeeded().jsonLines()
      .compactMap { $0["logprob"]?.double }
    // Order matters at one site alone, and these two act at different ones.
    #expect(mixed[2] == mixed[3] && Set(mixed).count == 4)
    // One by one on the command line they give the same.
    try place.write("one.jsonl", lines: [["prompt": "Who is Ann to Tom? ", "completion": "the aunt"]])
    let alone = try [
      [], ["--adapter", "loreft"], ["--adapter", "lora", "--adapter", "loreft"],
      ["--adapter", "loreft", "--adapter", "lora"],
      ["--adapter", "soft", "--adapter", "lofit", "--strength", "1", "--strength", "2"],
    ].map { flags in
      let got = try place.reft(["score", "--model", "model", "--input", "one.jsonl"] + flags).succeeded().jsonLines()
      return try #require(got[0]["logprob"]?.double)
    }
    for (a, b) in zip(mixed, alone) { #expect(abs(a - b) < 1e-4) }
    let answers = try place.reft(
      ["generate", "--model", "model", "--input", "mixed.jsonl", "--max-new-tokens", "3"] + all
    ).succeeded()
    #expect(try answers.jsonLines().count == 5)

    // Subspaces too are chosen line by line.
    try place.writeRecipe("parts", method: "{name: loreft, rank: 3, subspaces: {odd: 1, even: 2}}")
    try place.reft("train", "parts.yaml").succeeded()
    let parts: [JSONValue] = [[], ["odd"], ["even"], ["odd", "even"]]
    try place.write(
      "parts.jsonl",
      lines: parts.map {
        ["prompt": "Who is Ann to Tom? ", "completion": "the aunt", "adapters": [["name": "parts", "subspaces": $0]]]
      })
    let byPart = try place.reft("score", "--model", "model", "--input", "parts.jsonl", "--adapter", "parts").succeeded()
    #expect(try Set(byPart.jsonLines().compactMap { $0["logprob"]?.double }).count == 4)
    try place.refuses(
      ["score", "--model", "model", "--input", "one.jsonl", "--adapter", "parts", "--subspaces", "evne"],
      saying: ["evne", "even"])

    try place.write("wrong.jsonl", lines: [["prompt": "a", "completion": "b", "adapters": ["lorefd"]]])
    try place.refuses(
      ["score", "--model", "model", "--input", "wrong.jsonl"] + all,
      saying: ["wrong.jsonl, line 1", "'lorefd'", "did you mean 'loreft'"])
    try place.refuses(
      ["score", "--model", "model", "--input", "one.jsonl", "--strength", "1", "--strength", "2"] + all,
      saying: ["2 strengths for 4 adapters"])
  }

  @Test func `an adapter is trained on top of another, on representations too`() throws {
    let place = try Workplace()
    try place.trainLoReFT()
    try place.writeRecipe("upper", method: "{name: lora, rank: 2}", locations: nil)
    try place.reft("train", "upper.yaml", "--set", "beneath=loreft").succeeded()
    try place.reft("generate", "--model", "model", "--adapter", "loreft", "--adapter", "upper", "--prompt", "Who")
      .succeeded()
    try place.refuses(["train", "upper.yaml", "--set", "beneath=[nobody]", "--overwrite"], saying: ["nobody"])

    try place.write(
      "contrast.jsonl",
      lines: [
        [
          "prompt": "Be: ", "response": "the aunt", "positive_prompt": "Be kind: ", "negative_prompt": "Be rude: ",
        ]
      ])
    let representation = [
      "train", "upper.yaml", "--set", "objective.name=representation", "--set", "objective.layers=0..1", "--set",
      "output=lorra", "--set", "locations=0..1.query;0..1.value",
    ]
    try place.reft(representation + ["--set", "data.train=contrast.jsonl"]).succeeded()
    #expect(try place.text("lorra/recipe.yaml").contains("representation"))
    try place.refuses(
      representation + ["--overwrite"], saying: ["train.jsonl, line 1", "'positive_prompt'", "objective.name"])
  }

  @Test func `ReFT-r1 reads what it detects`() throws {
    let place = try Workplace()
    try place.writeRecipe("concept", method: "{name: reft_r1, k: 2}", locations: nil)
    try place.reft("train", "concept.yaml").succeeded()
    let read = try place.reft(
      "read", "--model", "model", "--adapter", "concept", "--text", "Who is Ann to Tom?", "--json"
    ).succeeded().json()
    let scores = try #require(read["scores"]?.array?.first)
    let tokens = (scores["scores"]?.array ?? []).compactMap(\.double)
    #expect(tokens.count == read["tokens"]?.array?.count && tokens.max() == scores["largest"]?.double)
    #expect(tokens[0] == 0 && tokens.allSatisfy { $0 >= 0 })
  }

  @Test func `a plan says where it departs from the paper`() throws {
    let place = try Workplace()
    try place.writeRecipe("on", locations: "all.block_output@f2+l2+generated")
    try place.writeRecipe("off")
    #expect(try place.reft("train", "on.yaml", "--dry-run").succeeded().output.contains("a departure from ReFT"))
    #expect(try !place.reft("train", "off.yaml", "--dry-run").succeeded().output.contains("departure"))
  }

  @Test func `adapters are combined into one`() throws {
    let place = try Workplace()
    for name in ["a", "b"] {
      try place.writeRecipe(name, method: "{name: lora, rank: 2}", locations: nil)
      try place.reft("train", "\(name).yaml", "--set", "training.seed=\(name == "a" ? 1 : 2)").succeeded()
    }
    try place.reft(
      "combine", "--model", "model", "--adapter", "a", "--weight", "0.5", "--adapter", "b", "--weight", "-1",
      "--output",
      "c"
    ).succeeded()
    #expect(try place.json("c/adapter.json")["settings"]?["rank"]?.int == 4)
    try place.reft("generate", "--model", "model", "--adapter", "c", "--prompt", "Who", "--max-new-tokens", "2")
      .succeeded()
    try place.trainLoReFT()
    try place.refuses(
      ["combine", "--model", "model", "--adapter", "a", "--adapter", "loreft", "--output", "d"],
      saying: ["lora and loreft cannot be combined", "--strength"])
  }
}
