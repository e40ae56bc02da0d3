import JSON
import Testing
import Tokenization

@Suite struct `An encoder's tokenizer file that is wrong` {
  private static func unigram(_ change: (inout JSONObject) -> Void = { _ in }) -> TokenizerError? {
    Samples.error {
      var model: JSONObject = ["type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1.5]]]
      change(&model)
      $0["model"] = .object(model)
      $0["pre_tokenizer"] = nil
      $0["added_tokens"] = []
    }
  }

  private static func wordPiece(_ change: (inout JSONObject) -> Void = { _ in }) -> TokenizerError? {
    Samples.error {
      var model: JSONObject = ["type": "WordPiece", "unk_token": "[UNK]", "vocab": ["[UNK]": 0, "a": 1]]
      change(&model)
      $0["model"] = .object(model)
      $0["pre_tokenizer"] = nil
      $0["added_tokens"] = []
    }
  }

  @Test func `the samples themselves are right`() {
    #expect(Self.unigram() == nil)
    #expect(Self.wordPiece() == nil)
  }

  @Test func `a Unigram without its unknown token is an error`() {
    #expect(
      Self.unigram { $0["unk_id"] = nil }
        == .unsupportedSetting(
          stage: "model", setting: "unk_id", value: "null",
          supported: "the id of the token for what the vocabulary lacks", source: "tokenizer.json, 'model'"))
    for id in [-1, 2, Int.max] {
      #expect(
        Self.unigram { $0["unk_id"] = .integer(id) }
          == .idOutOfRange(name: "'unk_id'", id: id, limit: 2, source: "tokenizer.json, 'model'"))
    }
  }

  @Test(arguments: [JSONValue.string("a"), ["a"], ["a", "b"], [1, 2], ["a", -1, 0], nil])
  func `a piece that is not a token and its score is an error that names it`(piece: JSONValue) {
    guard case .document(.type("vocab[1]", _, _, _))? = Self.unigram({ $0["vocab"] = [["<unk>", 0], piece] }) else {
      Issue.record("no error")
      return
    }
  }

  @Test func `a token that stands twice is an error that names both places`() {
    #expect(
      Self.unigram { $0["vocab"] = [["<unk>", 0], ["a", -1], ["a", -2]] }
        == .duplicateToken(token: "a", first: 1, second: 2, source: "tokenizer.json, 'model'"))
  }

  @Test func `a WordPiece without its unknown token is an error`() {
    #expect(
      Self.wordPiece { $0["unk_token"] = "<unk>" }
        == .tokenNotInVocabulary(token: "<unk>", namedBy: "unk_token", source: "tokenizer.json, 'model'"))
    guard case .document(.missing("unk_token", _, _))? = Self.wordPiece({ $0["unk_token"] = nil }) else {
      Issue.record("no error")
      return
    }
  }

  /// A trie of 4 bytes, damaged in each way; the last is right.
  @Test(
    arguments: [
      ("AAA", "base64"), ("A?==", "base64"), ("AAAA", "3 bytes"), ("BAAAAA==", "4 bytes"), ("AwAAAAAAAA==", "7 bytes"),
      ("BAAAAAAAAAD/", "UTF-8"), ("BAAAAAkAAICA", "UTF-8"), ("BAAAAAkAAIBh", "byte 9 of 1"), ("BAAAAAAAAABh", nil),
    ] as [(String, String?)]) func `damaged rules of replacement are an error that says how`(
      map: String, problem: String?
    )
  {
    let error = Samples.error { $0["normalizer"] = ["type": "Precompiled", "precompiled_charsmap": .string(map)] }
    guard let problem else {
      #expect(error == nil)
      return
    }
    guard case .malformedCharsMap(let said, "tokenizer.json, 'normalizer'")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(said.contains(problem))
  }

  @Test func `settings that are not supported are errors that name them`() {
    for delimiter in ["", "ab", "e\u{301}"] {
      guard
        case .unsupportedSetting(_, "delimiter", _, _, _)? = Samples.error({
          $0["pre_tokenizer"] = ["type": "CharDelimiterSplit", "delimiter": .string(delimiter)]
        })
      else {
        Issue.record("no error for '\(delimiter)'")
        continue
      }
    }
    guard
      case .unsupportedSetting(_, "behavior", "'Sometimes'", _, _)? = Samples.error({
        $0["pre_tokenizer"] = ["type": "Punctuation", "behavior": "Sometimes"]
      })
    else {
      Issue.record("no error")
      return
    }
  }

  @Test(
    arguments: [["[CLS]", 0, 1], ["[CLS]"], "[CLS]", ["[CLS]", "0"], ["[CLS]", 9999], [0, "[CLS]"]] as [JSONValue])
  func `a BertProcessing whose tokens are not a name and an id is an error`(token: JSONValue) {
    #expect(
      Samples.error { $0["post_processor"] = ["type": "BertProcessing", "cls": token, "sep": ["</s>", 1]] } != nil)
  }
}
