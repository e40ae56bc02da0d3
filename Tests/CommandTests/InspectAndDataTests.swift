import Foundation
import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct InspectAndDataTests {
  @Test func `inspect tells what a model is`() throws {
    let place = try Workplace()
    let facts = try place.reft("inspect", "model", "--json").succeeded().json()
    let expected: [String: JSONValue] = [
      "model_type": "llama", "layers": 3, "hidden": 32, "heads": 4, "kv_heads": 2, "head_dim": 8, "intermediate": 56,
      "vocabulary": 97, "context_length": 64, "chat_template": true,
    ]
    for (key, value) in expected { #expect(facts[key] == value, "\(key)") }
    #expect(facts["parameters"] == facts["stored_elements"]?["F32"])
    #expect(facts["kind"] == "decoder")
    #expect(facts["load_seconds"] == nil)
    let loaded = try place.reft("inspect", "model", "--load", "--json").succeeded().json()
    #expect(loaded["load_seconds"]?.double != nil)
    #expect(loaded["parameters"] == facts["parameters"])
    let sites = try #require(facts["sites"]?.array)
    #expect(sites.count == 13)
    #expect(
      sites.contains([
        "component": "head_attention_value_output", "width": 32, "heads": 4,
        "folds_into": "model.layers.2.self_attn.o_proj.weight",
      ]))
    let text = try place.reft("inspect", "model").succeeded()
    #expect(text.lines.contains { $0.split(separator: " ") == ["layers", "3"] })
    #expect(text.lines.contains { $0.split(separator: " ") == ["block_output", "32"] })
    #expect(text.errors == "")
  }

  @Test func `inspect tells what an adapter is`() throws {
    let place = try Workplace()
    try place.trainLoFiT()
    let facts = try place.reft("inspect", "lofit", "--json").succeeded().json()
    #expect(facts["method"] == "lofit")
    #expect(facts["locations"] == "0,2.head_attention_value_output[1,3]@all")
    #expect(facts["parameters"] == 32)
    #expect(facts["tensors"] == 2)
    #expect(facts["bytes"] == 128)
    #expect(facts["base"]?["shape"]?["hidden"] == 32)
    #expect(
      try place.reft("inspect", "lofit").succeeded().lines.contains { $0.split(separator: " ") == ["method", "lofit"] })
  }

  @Test func `inspect refuses what is neither`() throws {
    let place = try Workplace()
    try place.refuses(["inspect", "nothing"], saying: ["there is no", "(nothing)", "fix: check the path"])
    try place.refuses(["inspect", "train.jsonl"], saying: ["this is no GGUF file", "(train.jsonl", "fix:"])
    try place.refuses(["inspect", "."], saying: ["(.", "fix:"])
  }

  @Test func `kinship data follow from the seed alone`() throws {
    let place = try Workplace()
    let sizes = ["--train", "12", "--validation", "4", "--test", "6"]
    let outcome = try place.reft(["data", "kinship", "--seed", "3", "--output", "deep/one"] + sizes).succeeded()
    #expect(outcome.output == "deep/one\n")
    #expect(outcome.errors == "")
    let json = try place.reft(["data", "kinship", "--seed", "3", "--output", "two", "--json"] + sizes).succeeded()
      .json()
    #expect(json["counts"] == ["train": 12, "validation": 4, "test": 6])
    try place.reft(["data", "kinship", "--seed", "4", "--output", "three"] + sizes).succeeded()
    let names = ["source.json", "test.jsonl", "train.jsonl", "validation.jsonl"]
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("two")).sorted() == names)
    for name in names {
      #expect(try place.bytes("deep/one/\(name)") == place.bytes("two/\(name)"))
      #expect(try place.bytes("three/\(name)") != place.bytes("two/\(name)"))
    }
    #expect(try place.jsonLines("two/train.jsonl").count == 12)
    #expect(try place.jsonLines("two/train.jsonl").allSatisfy { $0["prompt"] != nil && $0["response"] != nil })

    try place.refuses(
      ["data", "kinship", "--seed", "4", "--output", "two"] + sizes,
      saying: ["the output folder is not empty", "(two)", "pass --overwrite"])
    try place.reft(["data", "kinship", "--seed", "4", "--output", "two", "--overwrite"] + sizes).succeeded()
    #expect(try place.bytes("two/train.jsonl") == place.bytes("three/train.jsonl"))
    try place.refuses(["data", "kinship", "--output", "four", "--train", "-1"], saying: ["--train"])
    try place.refuses(["data", "kinship", "--output", "train.jsonl"], saying: ["(train.jsonl)", "fix:"])
  }
}
