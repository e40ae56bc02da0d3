import Foundation
import JSON
import Testing
import _HubTestSupport
import _TestSupport

/// Models by their names on the Hub, from a server on this machine.
@Suite(.engineAlone) struct HubTests {
  private func prepared() throws -> (place: Workplace, hub: FakeHub) {
    let (place, hub) = (try Workplace(), try FakeHub())
    var files: [String: FakeHub.File] = ["README.md": .init("# tiny"), "pytorch_model.bin": .init("pickle")]
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
      files[name] = .init(Array(try place.bytes("model/" + name)), isLarge: name.hasSuffix(".safetensors"))
    }
    hub.add("tests/tiny", files)
    place.environment = [
      "HF_ENDPOINT": hub.endpoint, "HF_HOME": place.path("cache"), "HF_HUB_CACHE": "", "HF_TOKEN": "",
      "HF_HUB_OFFLINE": "",
    ]
    return (place, hub)
  }

  @Test func `inspect downloads a model by its name, once`() throws {
    let (place, hub) = try prepared()
    let facts = try place.reft("inspect", "tests/tiny", "--json").succeeded()
    #expect(try facts.json() == place.reft("inspect", "model", "--json").succeeded().json())
    #expect(facts.errors == "")
    #expect(hub.requests.count > 0)
    hub.forgetRequests()
    #expect(try place.reft("inspect", "tests/tiny", "--json").succeeded().output == facts.output)
    #expect(hub.requests.count == 0)
  }

  @Test func `tokenize fetches no weights, generate and train fetch them, and the adapter remembers the name`() throws {
    let (place, hub) = try prepared()
    let tokens = ["tokenize", "--input", "-", "--model"]
    let line = "{\"text\": \"the son\"}"
    #expect(
      try place.reft(tokens + ["tests/tiny"], input: line).succeeded().output
        == place.reft(tokens + ["model"], input: line).succeeded().output)
    #expect(hub.requests.filter(\.isToStore).count == 0)
    let prompt = ["generate", "--max-new-tokens", "4", "--prompt", "the son of ", "--model"]
    #expect(
      try place.reft(prompt + ["tests/tiny@main"]).succeeded().output
        == place.reft(prompt + ["model"]).succeeded().output)
    #expect(hub.requests.filter(\.isToStore).count == 1)
    try place.writeRecipe("loreft")
    try place.reft("train", "loreft.yaml", "--model", "tests/tiny").succeeded()
    #expect(try place.json("loreft/adapter.json")["base"]?["source"] == "tests/tiny")
  }

  @Test func `what the Hub refuses is one error, and nothing is written`() throws {
    let (place, hub) = try prepared()
    try place.refuses(["inspect", "tests/tyni"], saying: ["the Hub has no model 'tests/tyni'", "fix: check the name"])
    try place.refuses(["inspect", "tests/tiny/x.gguf"], saying: ["has no file 'x.gguf'", "(tests/tiny/x.gguf)"])
    hub.require(token: "hf_right")
    try place.refuses(["tokenize", "--model", "tests/tiny", "--input", "-"], saying: ["(401)", "set HF_TOKEN"])
    place.environment["HF_TOKEN"] = "hf_right"
    place.environment["HF_HUB_OFFLINE"] = "1"
    try place.refuses(["generate", "--model", "tests/tiny", "--prompt", "a"], saying: ["HF_HUB_OFFLINE", "fix:"])
    place.environment["HF_HUB_OFFLINE"] = ""
    try place.reft("inspect", "tests/tiny").succeeded()
    place.environment["HF_ENDPOINT"] = "elsewhere"
    try place.refuses(["inspect", "tests/other"], saying: ["HF_ENDPOINT must be an address", "fix:"])
  }
}
