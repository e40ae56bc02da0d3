import Foundation
import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct GenerateTests {
  private let base = ["generate", "--model", "model", "--max-new-tokens", "8"]

  @Test func `a prompt is continued on standard output, and greedy answers repeat`() throws {
    let place = try Workplace()
    let outcome = try place.reft(base + ["--prompt", "the son of "]).succeeded()
    #expect(outcome.output.hasSuffix("\n"))
    #expect(outcome.output.count > 1)
    #expect(outcome.errors == "")
    #expect(try place.reft(base + ["--prompt", "the son of "]).succeeded().output == outcome.output)
    let answer = try place.reft(base + ["--prompt", "the son of ", "--json"]).succeeded().json()
    #expect(answer.object?.keys == ["text", "tokens", "finish", "prompt_tokens"])
    #expect(answer["text"]?.string.map { $0 + "\n" } == outcome.output)
    // The random model ends this text by itself.
    #expect(answer["tokens"]?.int == 6)
    #expect(answer["finish"] == "end")
    let cut = try place.reft(base + ["--prompt", "a", "--json"]).succeeded().json()
    #expect(cut["tokens"]?.int == 8)
    #expect(cut["finish"] == "length")
    #expect(answer["prompt_tokens"]?.int == 8)
  }

  @Test func `a chat message goes through the template, with a system message where there is one`() throws {
    let place = try Workplace()
    let plain = try place.reft(base + ["--chat", "Who?", "--json"]).succeeded().json()
    // <user: Who?</s>⏎assistant: > and the same after <system: on</s>⏎>
    #expect(plain["prompt_tokens"]?.int == 21)
    let guided = try place.reft(base + ["--chat", "Who?", "--system", "on", "--json"]).succeeded().json()
    #expect(guided["prompt_tokens"]?.int == 32)
    #expect(try place.reft(base + ["--chat", "Who?"]).succeeded().output == (plain["text"]?.string ?? "") + "\n")
  }

  @Test func `a file of prompts and conversations is answered line by line, as each would be alone`() throws {
    let place = try Workplace()
    let conversation: JSONValue = ["messages": [["role": "user", "content": "Who?"]]]
    try place.write("prompts.jsonl", lines: [["prompt": "the son of "], conversation, ["prompt": "a"]])
    let outcome = try place.reft(base + ["--input", "prompts.jsonl"]).succeeded()
    let answers = try outcome.jsonLines()
    #expect(answers.count == 3)
    #expect(outcome.errors == "")
    for (flags, answer) in zip([["--prompt", "the son of "], ["--chat", "Who?"], ["--prompt", "a"]], answers) {
      #expect(try place.reft(base + flags + ["--json"]).succeeded().json() == answer)
    }
    let piped = try place.reft(base + ["--input", "-"], input: "{\"prompt\": \"a\"}").succeeded()
    #expect(try piped.json() == answers[2])
  }

  @Test func `the same seed draws the same answer, another one another`() throws {
    let place = try Workplace()
    let draw = base + ["--prompt", "the ", "--temperature", "1.5", "--top-k", "90", "--top-p", "0.99"]
    let seven = try place.reft(draw + ["--seed", "7"]).succeeded().output
    #expect(try place.reft(draw + ["--seed", "7"]).succeeded().output == seven)
    #expect(try place.reft(draw + ["--seed", "8"]).succeeded().output != seven)
    let penalised = try place.reft(base + ["--prompt", "the ", "--repetition-penalty", "5"]).succeeded().output
    #expect(try place.reft(base + ["--prompt", "the "]).succeeded().output != penalised)
  }

  @Test func `an answer ends before a stop string`() throws {
    let place = try Workplace()
    let whole = try #require(
      try place.reft(base + ["--prompt", "the son of ", "--json"]).succeeded().json()["text"]?.string)
    let stop = String(try #require(whole.dropFirst(2).first))
    let cut = try place.reft(base + ["--prompt", "the son of ", "--json", "--stop", "\u{1}", "--stop", stop])
      .succeeded().json()
    #expect(cut["finish"] == "stop")
    #expect(cut["text"]?.string == whole.components(separatedBy: stop).first)
  }

  @Test func `an adapter changes the answer`() throws {
    let place = try Workplace()
    try place.trainLoFiT("lofit", "--set", "training.learning_rate=0.5", "--set", "training.epochs=20")
    let prompt = ["--prompt", "Who is Ann to Tom? "]
    let tuned = try place.reft(base + prompt + ["--adapter", "lofit"]).succeeded().output
    #expect(try place.reft(base + prompt).succeeded().output != tuned)
  }

  @Test func `what cannot be generated is one error each`() throws {
    let place = try Workplace()
    let generate = ["generate", "--model", "model"]
    for flags in [[], ["--prompt", "a", "--input", "p.jsonl"], ["--prompt", "a", "--chat", "b"]] {
      try place.refuses(generate + flags, saying: ["give one of --prompt, --chat and --input"])
    }
    try place.refuses(generate + ["--prompt", "a", "--system", "b"], saying: ["--system goes with --chat"])
    let long = String(repeating: "b", count: 64)
    try place.refuses(
      generate + ["--prompt", long],
      saying: ["the prompt has 65 tokens", "context of 64", "(--prompt)", "shorten the prompt by at least 2 tokens"])
    try place.write("prompts.jsonl", lines: [["prompt": "a"], ["prompt": .string(long)]])
    try place.refuses(
      generate + ["--input", "prompts.jsonl"], saying: ["65 tokens", "(prompts.jsonl, line 2)", "fix: shorten"])
    try place.write("prompts.jsonl", lines: [["prompt": "a"], ["text": "b"]])
    try place.refuses(
      generate + ["--input", "prompts.jsonl"], saying: ["'prompt' is missing", "(prompts.jsonl, line 2)"])
    try place.refuses(generate + ["--prompt", "a", "--temperature=-1"], saying: ["--temperature must be 0", "got -1"])
    try place.refuses(generate + ["--prompt", "a", "--top-p", "2"], saying: ["--top-p must be above 0", "got 2"])
    try place.refuses(generate + ["--prompt", "a", "--top-k", "0"], saying: ["--top-k must be 1 or above"])
    try place.refuses(generate + ["--prompt", "a", "--max-new-tokens", "0"], saying: ["--max-new-tokens must be 1"])
    try place.refuses(generate + ["--prompt", "a", "--stop", ""], saying: ["--stop must be a text that is not empty"])
    try place.refuses(
      generate + ["--prompt", "a", "--adapter", "none"], saying: ["there is no adapter folder", "(none)"])
  }
}
