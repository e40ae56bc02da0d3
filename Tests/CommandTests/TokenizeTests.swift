import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct TokenizeTests {
  private func fixture() throws -> [JSONValue] {
    let path = Workplace.fixture("ids.json")
    return try #require(JSONValue(parsing: readText(path), source: path).array)
  }

  @Test func `texts become the ids that Hugging Face tokenizers has for them, one line each`() throws {
    let place = try Workplace()
    let lines = try fixture()
    try place.write("texts.jsonl", lines: lines.map { ["text": $0["text"] ?? .null] })
    for (flags, key) in [([], "ids"), (["--json"], "ids"), (["--no-special"], "plain")] {
      let outcome = try place.reft(["tokenize", "--model", "model", "--input", "texts.jsonl"] + flags).succeeded()
      #expect(outcome.lines == lines.map { "{\"ids\":\($0[key]?.text ?? "")}" })
      #expect(outcome.errors == "")
    }
  }

  @Test func `conversations go through the chat template`() throws {
    let place = try Workplace()
    let messages: JSONValue = [["role": "user", "content": "the man"], ["role": "assistant", "content": "on"]]
    try place.write("chats.jsonl", lines: [["messages": messages]])
    // user: the man</s>⏎assistant: on</s>⏎
    let prompt = [35, 33, 91, 69, 89, 3, 27, 92, 2, 4]
    let answer = [15, 33, 33, 23, 33, 34, 92, 34, 69]
    let plain = prompt + answer + [3, 93, 2, 4]
    for flags in [[], ["--no-special"]] {
      let ids = try place.reft(["tokenize", "--model", "model", "--input", "chats.jsonl", "--chat"] + flags).succeeded()
      #expect(try ids.json()["ids"]?.array?.compactMap(\.int) == plain)
    }
    let open = try place.reft(
      "tokenize", "--model", "model", "--input", "chats.jsonl", "--chat", "--generation-prompt"
    ).succeeded()
    #expect(try open.json()["ids"]?.array?.compactMap(\.int) == plain + answer + [3])
  }

  @Test func `standard input, blank lines and a folder without weights will do`() throws {
    let place = try Workplace()
    try place.remove("model/model.safetensors")
    let outcome = try place.reft(
      "tokenize", "--model", "model", "--input", "-", input: "{\"text\": \"the\"}\r\n\n  \n{\"text\": \"\"}"
    ).succeeded()
    #expect(outcome.output == "{\"ids\":[1,88]}\n{\"ids\":[1]}\n")
  }

  @Test func `bad lines are told by file and line, and nothing is printed`() throws {
    let place = try Workplace()
    let tokenize = ["tokenize", "--model", "model", "--input"]
    try place.write("broken.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \"b}\n")
    try place.refuses(
      tokenize + ["broken.jsonl"], saying: ["not valid JSON", "(broken.jsonl, line 3, column ", "fix:"])
    try place.write("fields.jsonl", "{\"text\": \"a\"}\n{\"txt\": \"b\"}\n")
    try place.refuses(
      tokenize + ["fields.jsonl"],
      saying: ["the key 'text' is missing", "(fields.jsonl, line 2)", "there is a key 'txt': was that meant?"])
    try place.write("kinds.jsonl", "{\"text\": 7}\n")
    try place.refuses(tokenize + ["kinds.jsonl"], saying: ["'text' must be a string", "(kinds.jsonl, line 1)"])
    try place.write("list.jsonl", "[1]\n")
    try place.refuses(tokenize + ["list.jsonl"], saying: ["an object", "(list.jsonl, line 1)"])
    try place.write("twice.jsonl", "{\"text\": \"a\"}\n{\"text\": \"a\", \"text\": \"b\"}\n")
    try place.refuses(tokenize + ["twice.jsonl"], saying: ["'text' stands twice", "(twice.jsonl, line 2)"])
    try place.write("empty.jsonl", "\n")
    try place.refuses(tokenize + ["empty.jsonl"], saying: ["holds no record", "(empty.jsonl)", "fix:"])
    try place.refuses(tokenize + ["nowhere.jsonl"], saying: ["cannot be read", "(nowhere.jsonl)", "fix:"])
    try place.refuses(tokenize + ["-"], input: "{}", saying: ["'text' is missing", "(standard input, line 1)"])
    try place.write("role.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"user\"}]}")
    try place.refuses(
      tokenize + ["role.jsonl", "--chat"], saying: ["'content' is missing", "(role.jsonl, line 1, message 2)"])
    try place.refuses(
      tokenize + ["role.jsonl", "--generation-prompt"], saying: ["--generation-prompt goes with --chat"])
  }

  @Test func `a model without tokenizer or chat template says so`() throws {
    let place = try Workplace()
    try place.write("chats.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}")
    try place.remove("model/tokenizer_config.json")
    try place.refuses(
      ["tokenize", "--model", "model", "--input", "chats.jsonl", "--chat"],
      saying: ["no chat template", "(model)", "give a plain prompt"])
    try place.remove("model/tokenizer.json")
    try place.refuses(
      ["tokenize", "--model", "model", "--input", "chats.jsonl", "--chat"],
      saying: ["there is no tokenizer", "(model)", "fetch tokenizer.json into the folder"])
  }
}
