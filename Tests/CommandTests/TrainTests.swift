import Foundation
import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct TrainTests {
  @Test func `a LoReFT recipe leaves an adapter with its recipe and metrics, and prints where`() throws {
    let place = try Workplace()
    try place.writeRecipe("loreft", data: "{train: train.jsonl, validation: validation.jsonl}")
    let outcome = try place.reft("train", "loreft.yaml").succeeded()
    #expect(outcome.output == "loreft\n")
    #expect(outcome.errors.contains("method      loreft"))
    #expect(outcome.errors.contains("epoch 2  loss "))
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path("loreft")).sorted()
    #expect(files == ["adapter.json", "adapter.safetensors", "metrics.jsonl", "recipe.yaml"])
    #expect(!place.exists("loreft.run"))

    let lines = try place.jsonLines("loreft/metrics.jsonl")
    let steps = lines.filter { $0["step"] != nil }
    #expect(steps.count == 6)
    for (i, step) in steps.enumerated() {
      #expect(
        step.object?.keys == ["step", "epoch", "loss", "learning_rate", "grad_norm", "tokens", "tokens_per_second"])
      #expect(step["step"]?.int == i + 1)
      #expect(step["epoch"]?.double == Double(i + 1) / 3)
      #expect(abs((step["learning_rate"]?.double ?? 0) - 2e-2 * (1 - Double(i) / 6)) < 1e-9)
      for key in ["loss", "grad_norm", "tokens", "tokens_per_second"] { #expect(step[key]?.double ?? 0 > 0, "\(key)") }
    }
    let epochs = lines.filter { $0["step"] == nil }
    #expect(epochs.map { $0["epoch"]?.int } == [1, 2])
    #expect(epochs.allSatisfy { $0.object?.keys == ["epoch", "loss", "validation_loss", "best"] })
    #expect(epochs[1]["loss"]?.double ?? 9 < epochs[0]["loss"]?.double ?? 0)

    let adapter = try place.json("loreft/adapter.json")
    #expect(adapter["method"] == "loreft")
    #expect(adapter["locations"] == "all.block_output@f2+l2")
    #expect(adapter["positions"] == "exact")
    // 3 layers of rank 2 in width 32: R, W and b.
    #expect(adapter["parameters"]?.int == 3 * (2 * 32 + 2 * 32 + 2))
    #expect(adapter["metrics"]?["epochs"]?.array?.count == 2)

    // The kept recipe makes the same adapter again, from another folder.
    try FileManager.default.createDirectory(atPath: place.path("else"), withIntermediateDirectories: false)
    let again = try place.reft(
      "train", place.path("loreft/recipe.yaml"), "--model", "../model", "--train", "../train.jsonl", "--validation",
      "../validation.jsonl", "--output", "again", in: "else"
    ).succeeded()
    #expect(again.output == "again\n")
    #expect(try place.bytes("else/again/adapter.safetensors") == place.bytes("loreft/adapter.safetensors"))
  }

  @Test func `flags alone train, and paths may have spaces and quotes`() throws {
    let place = try Workplace()
    let odd = "a 'b' \"c\" \\d: #e"
    try FileManager.default.moveItem(atPath: place.path("model"), toPath: place.path(odd + " model"))
    try FileManager.default.moveItem(atPath: place.path("train.jsonl"), toPath: place.path(odd + " = train"))
    let outcome = try place.reft(
      "train", "--model", odd + " model", "--train", odd + " = train", "--method", "lofit", "--locations",
      "1.head_attention_value_output[0,2]@all", "--output", odd, "--device", "cpu", "--threads", "1", "--json",
      "--set", "training=\(Workplace.quick)", "--set", "training.epochs=1", "--set", "method.deviation=0"
    ).succeeded()
    let result = try outcome.json()
    #expect(result.object?.keys == ["output", "parameters", "seconds", "tokens_per_second", "epochs"])
    #expect(result["output"]?.string == odd)
    #expect(result["parameters"]?.int == 16)
    #expect(result["epochs"]?.array?.count == 1)
    #expect(place.exists(odd + "/adapter.safetensors"))
    let adapter = try place.json(odd + "/adapter.json")
    #expect(adapter["settings"] == ["part": "bias", "deviation": 0.0])
    #expect(adapter["base"]?["source"]?.string == odd + " model")
  }

  @Test func `a dry run tells layers, positions, heads, parameters and edited tokens, and writes nothing`() throws {
    let place = try Workplace()
    try place.writeRecipe("loreft", locations: "0,2.block_output@f2+l1")
    let before = try place.contents()
    let plan = try place.reft("train", "loreft.yaml", "--dry-run").succeeded()
    #expect(plan.errors == "")
    for words in [
      "method      loreft {\"rank\":2,", "locations   0,2.block_output@f2+l1\n", "modules     2: 2 layers\n",
      "parameters  260 (", "examples    6 for training, 0 for validation\n", "steps       6: 2 epochs of 3",
      "train.jsonl, line 1: [<s>][W]ho is Ann to Tom[?]» the aunt</s>\n",
    ] {
      #expect(plan.output.contains(words), "'\(words)' in \(plan.output)")
    }
    let json = try place.reft("train", "loreft.yaml", "--dry-run", "--json").succeeded().json()
    #expect(json["parameters"]?.int == 260)
    #expect(json["positions"] == "exact")
    #expect(json["modules"]?.int == 2)
    #expect(json["examples"]?.array?.count == 3)
    let prompt = try #require(json["examples"]?.array?.first?["prompt_tokens"]?.int)
    #expect(json["examples"]?.array?.first?["edited"] == [0, 1, .integer(prompt - 1)])

    let heads = try place.reft(
      "train", "loreft.yaml", "--dry-run", "--set", "method={name: lofit}", "--locations",
      "0,2.head_attention_value_output[1,3]@all"
    ).succeeded()
    #expect(heads.output.contains("modules     2: 2 layers, 4 heads\n"))
    #expect(heads.output.contains("parameters  32 ("))
    #expect(heads.output.contains("line 1: [<s>][W][h][o]"))

    let untied = try place.reft("train", "loreft.yaml", "--dry-run", "--locations", "all.block_output@f1|l1")
      .succeeded()
    #expect(untied.output.contains("modules     6: 3 layers x {first, last}\n"))
    #expect(try place.contents() == before)
  }

  @Test func `the rule of positions reaches the plan, the adapter and the edits`() throws {
    let place = try Workplace()
    // <s>, a, b: the paper's rule edits all three, pyreft's leaves out the middle one.
    try place.write("train.jsonl", lines: [["prompt": "ab", "response": "c"]])
    try place.writeRecipe("loreft", locations: "all.block_output@f5+l5")
    let exact = try place.reft("train", "loreft.yaml", "--dry-run", "--json").succeeded().json()
    #expect(exact["examples"]?.array?.first?["edited"] == [0, 1, 2])
    let pyreft = ["train", "loreft.yaml", "--set", "positions=pyreft"]
    let plan = try place.reft(pyreft + ["--dry-run", "--json"]).succeeded().json()
    #expect(plan["positions"] == "pyreft")
    #expect(plan["examples"]?.array?.first?["edited"] == [0, 2])
    try place.reft(pyreft).succeeded()
    #expect(try place.json("loreft/adapter.json")["positions"] == "pyreft")
    #expect(try place.text("loreft/recipe.yaml").contains("positions: pyreft\n"))
    try place.refuses(
      ["train", "loreft.yaml", "--overwrite", "--set", "positions=exakt"],
      saying: ["'positions' must be one of exact, pyreft", "(--set positions=exakt)", "did you mean 'exact'?"])
  }

  @Test func `conversations, texts and task files are learned from as well`() throws {
    let place = try Workplace()
    let chat: JSONValue = [
      "messages": [["role": "user", "content": "Who?"], ["role": "assistant", "content": "the aunt"]]
    ]
    try place.write("chat.jsonl", lines: [chat])
    try place.writeRecipe("chat", data: "{train: chat.jsonl}")
    let plan = try place.reft("train", "chat.yaml", "--dry-run").succeeded()
    #expect(plan.output.hasSuffix("chat.jsonl, line 1: [u][s]er: Who?</s>⏎assistan[t][:]» the aunt</s>\n"))
    try place.reft("train", "chat.yaml").succeeded()
    try place.write("text.jsonl", lines: [["text": "the thin man"]])
    try place.writeRecipe("text", locations: "all.block_output@all", data: "{train: text.jsonl}")
    try place.reft("train", "text.yaml").succeeded()
    try place.writeRecipe("task", data: "{train: train.jsonl, format: kinship, limit: 3, seed: 1}")
    let task = try place.reft("train", "task.yaml", "--json").succeeded()
    #expect(try task.json()["epochs"]?.array?.count == 2)
  }
}
