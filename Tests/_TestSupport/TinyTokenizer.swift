import JSON
public import Tokenization

/// One token for each printable ASCII character, for models with a vocabulary of 97: ids 0 `<s>`, 1 `</s>`, then from the space.
public enum TinyTokenizer {
  public static func make() throws -> Tokenizer {
    var vocabulary: JSONObject = ["<s>": 0, "</s>": 1]
    for code in 32..<127 { vocabulary[String(UnicodeScalar(UInt8(code)))] = .integer(code - 30) }
    let special: [JSONValue] = ["<s>", "</s>"].enumerated().map { id, text in
      [
        "id": .integer(id), "content": .string(text), "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
      ]
    }
    return try Tokenizer(
      json: [
        "added_tokens": .array(special), "normalizer": nil, "pre_tokenizer": nil,
        "post_processor": [
          "type": "TemplateProcessing",
          "single": [["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
          "pair": [],
          "special_tokens": ["<s>": ["id": "<s>", "ids": [0], "tokens": ["<s>"]]],
        ],
        "decoder": ["type": "Fuse"],
        "model": [
          "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
          "fuse_unk": false, "byte_fallback": false, "vocab": .object(vocabulary), "merges": [],
        ],
      ], source: "tiny tokenizer", bos: "<s>", eos: "</s>")
  }
}
