import JSON
import Tokenization

extension PretrainedTokenizer {
  /// `tokenizer.json` and `tokenizer_config.json` for a model folder that other libraries load.
  public func files() -> [(name: String, text: String)] {
    var configuration: JSONObject = [
      "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
    ]
    for (key, id) in [("bos_token", bos), ("eos_token", eos)] {
      if let token = id.flatMap(tokenizer.token(of:)) { configuration[key] = .string(token) }
    }
    if let toolChatTemplateText {
      configuration["chat_template"] = .array(
        [("default", chatTemplateText), ("tool_use", toolChatTemplateText)].compactMap { name, text in
          text.map { ["name": .string(name), "template": .string($0)] }
        })
    } else if let chatTemplateText {
      configuration["chat_template"] = .string(chatTemplateText)
    }
    return [
      ("tokenizer.json", tokenizer.json().text), ("tokenizer_config.json", JSONValue.object(configuration).prettyText),
    ]
  }
}
