import Checkpoints
import Foundation
import JSON
import ModelHub
import Pretrained
import Testing
import Tokenization
import _HubTestSupport

@Suite struct PretrainedTokenizerTests {
  private static let tokenizerJSON = """
    {"added_tokens": [
      {"id": 3, "content": "<|im_start|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true},
      {"id": 4, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true},
      {"id": 5, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true}],
     "decoder": {"type": "Fuse"},
     "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "\\n": 2}, "merges": []}}
    """
  private static let template =
    "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>{% endif %}"

  private func folder(_ files: [String: String]) throws -> Scratch {
    let folder = try Scratch()
    for (name, text) in files { try folder.write(name, text) }
    return folder
  }

  @Test func `a folder with tokenizer.json alone is enough for texts`() throws {
    let folder = try folder(["tokenizer.json": Self.tokenizerJSON])
    let opened = try PretrainedTokenizer.open(folder.path)
    #expect(opened.tokenizer.encode("ab<|im_end|>").ids == [0, 1, 4])
    #expect(opened.endTokens.isEmpty)
    #expect(opened.eos == nil)
    #expect(!opened.hasChatTemplate)
    #expect(throws: PretrainedError.noChatTemplate(path: folder.path)) {
      _ = try opened.chatText([ChatMessage(role: "user", content: "a")])
    }
  }

  @Test func `generation ends at the tokens of every place that names some`() throws {
    let folder = try folder([
      "tokenizer.json": Self.tokenizerJSON, "config.json": "{\"eos_token_id\": 2}",
      "generation_config.json": "{\"eos_token_id\": [1, 2]}",
      "tokenizer_config.json": "{\"eos_token\": {\"content\": \"</s>\"}, \"chat_template\": \"\(Self.template)\"}",
    ])
    let opened = try PretrainedTokenizer.open(folder.path)
    #expect(opened.endTokens == [1, 2, 4, 5])
    #expect(opened.eos == 5)
    #expect(try opened.chatText([ChatMessage(role: "user", content: "a")]) == "<|im_start|>a<|im_end|><|im_start|>")
  }

  @Test func `without tokenizer_config.json the configuration's token ends texts`() throws {
    let folder = try folder(["tokenizer.json": Self.tokenizerJSON, "config.json": "{\"eos_token_id\": 2}"])
    #expect(try PretrainedTokenizer.open(folder.path).eos == 2)
  }

  @Test func `a folder without a tokenizer is an error that says what is missing`() throws {
    let folder = try folder(["config.json": "{}"])
    let error = try #require(throws: PretrainedError.self) { _ = try PretrainedTokenizer.open(folder.path) }
    #expect(error == .noTokenizer(path: folder.path))
    #expect(error.remedy?.contains("tokenizer.json") == true)
  }

  @Test func `a path with nothing there is an error`() {
    #expect(throws: HubError.neitherPathNorName("no/such/model")) { _ = try PretrainedTokenizer.open("no/such/model") }
  }

  @Test func `a name of the Hub is opened through the Hub that is given`() throws {
    let (server, cache) = (try FakeHub(), try Scratch())
    server.add("org/tiny", ["tokenizer.json": .init(Self.tokenizerJSON), "config.json": .init("{}")])
    let hub = try Hub(environment: ["HF_ENDPOINT": server.endpoint, "HF_HOME": cache.path])
    let opened = try PretrainedTokenizer.open("org/tiny", from: hub)
    #expect(opened.tokenizer.encode("ab<|im_end|>").ids == [0, 1, 4])
    // Without weights there is no model, and nothing of it comes.
    let error = try #require(throws: HubError.self) { try PretrainedModel.open("org/tiny", from: hub) }
    guard case .noModel = error else { throw error }
  }

  @Test(arguments: ["\"two\"", "[1, \"x\"]", "-1", "99999999999"])
  func `an end token that is none is an error that names key and file`(value: String) throws {
    let folder = try folder(["tokenizer.json": Self.tokenizerJSON, "config.json": "{\"eos_token_id\": \(value)}"])
    let error = try #require(throws: PretrainedError.self) { _ = try PretrainedTokenizer.open(folder.path) }
    #expect(error.problem.contains("eos_token_id"))
    #expect(error.location.hasSuffix("config.json"))
  }

  @Test func `a conversation with tools is written by the template for tools`() throws {
    let folder = try folder([
      "tokenizer.json": Self.tokenizerJSON,
      "tokenizer_config.json": """
      {"chat_template": [{"name": "default", "template": "plain {{ strftime_now('%Y') }}"},
        {"name": "tool_use", "template": "{{ tools | tojson }}"}]}
      """,
    ])
    let opened = try PretrainedTokenizer.open(folder.path)
    #expect(try opened.chatText([], date: ChatDate(year: 2024, month: 1, day: 1)) == "plain 2024")
    #expect(try opened.chatText([], tools: [["name": "f"]]) == #"[{"name": "f"}]"#)
  }

  @Test func `a template beyond the subset does not keep the tokenizer from opening`() throws {
    let folder = try folder([
      "tokenizer.json": Self.tokenizerJSON, "chat_template.jinja": "{% include \"x\" %}",
    ])
    let opened = try PretrainedTokenizer.open(folder.path)
    #expect(opened.tokenizer.encode("a").ids == [0])
    #expect(throws: TokenizerError.self) { _ = try opened.chatTemplate() }
  }
}
