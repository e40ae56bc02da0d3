import JSON
import Testing
import Tokenization

/// Small tokenizers for tests that need no golden.
enum Samples {
  /// A byte-level tokenizer whose tokens are the 256 bytes and some merges, after `<s>` (0) and `</s>` (1).
  static func byteLevel(merges: [String] = ["h e", "l l", "he ll", "hell o"]) -> JSONObject {
    var vocab: JSONObject = ["<s>": 0, "</s>": 1]
    for byte in 0..<256 { vocab[letter(byte)] = .integer(byte + 2) }
    for merge in merges {
      let token = merge.split(separator: " ").joined()
      if vocab[token] == nil { vocab[token] = .integer(vocab.count) }
    }
    return [
      "added_tokens": [special("<s>", 0), special("</s>", 1)], "normalizer": nil,
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false], "post_processor": nil,
      "decoder": ["type": "ByteLevel"],
      "model": ["type": "BPE", "vocab": .object(vocab), "merges": .array(merges.map { .string($0) })],
    ]
  }

  static func special(_ token: String, _ id: Int) -> JSONValue {
    ["id": .integer(id), "content": .string(token), "special": true]
  }

  /// The character that spells a byte in byte-level vocabularies.
  static func letter(_ byte: Int) -> String { letters[byte] }

  private static let letters: [String] = {
    var next = 0x100
    return (0..<256).map { byte in
      let isPlain = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
      defer { next += isPlain ? 0 : 1 }
      return UnicodeScalar(isPlain ? byte : next).map { String($0) } ?? "?"
    }
  }()

  static func tokenizer(_ change: (inout JSONObject) -> Void = { _ in }) throws -> Tokenizer {
    var document = byteLevel()
    change(&document)
    return try Tokenizer(json: .object(document), source: "tokenizer.json")
  }

  /// What reading a changed tokenizer says.
  static func error(_ change: (inout JSONObject) -> Void) -> TokenizerError? {
    do {
      _ = try tokenizer(change)
      return nil
    } catch {
      return error as? TokenizerError
    }
  }
}

extension JSONObject {
  /// Changes a member that is an object.
  mutating func edit(_ key: String, _ change: (inout JSONObject) -> Void) {
    var object = self[key]?.object ?? [:]
    change(&object)
    self[key] = .object(object)
  }
}
