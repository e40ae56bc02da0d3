import Diagnostics
import JSON
import Testing
import Tokenization

@Suite struct `A tokenizer file that is wrong` {
  @Test func `the sample itself is right`() throws {
    #expect(try Samples.tokenizer().encode("hello").ids.count == 1)
  }

  @Test(arguments: [
    ("normalizer", "Other", "BertNormalizer"), ("pre_tokenizer", "UnicodeScripts", "Digits"),
    ("model", "WordLevel", "Unigram"),
    ("post_processor", "Other", "BertProcessing"), ("decoder", "CTC", "ByteFallback"),
  ])
  func `an unknown kind of stage is an error that names stage, type and what there is`(
    stage: String, type: String, known: String
  ) throws {
    let error = try #require(Samples.error { $0.edit(stage) { $0["type"] = .string(type) } })
    guard case .unknownType(stage, type, let supported, _) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(supported.contains(known))
    #expect(error.description.contains("tokenizer.json"))
    #expect(error.remedy?.contains(known) == true)
  }

  @Test func `an unknown kind within a sequence is an error that names its place`() {
    let error = Samples.error {
      $0["pre_tokenizer"] = [
        "type": "Sequence", "pretokenizers": [["type": "Digits"], ["type": "FixedLength", "length": 5]],
      ]
    }
    guard case .unknownType("pre_tokenizer[1]", "FixedLength", _, "tokenizer.json, 'pre_tokenizer[1]'")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a root that is not an object is an error`() {
    #expect(throws: TokenizerError.self) { try Tokenizer(json: [1, 2], source: "tokenizer.json") }
  }

  @Test func `text that is not JSON is an error with line and column`() {
    #expect(throws: JSONError.self) {
      try Tokenizer(
        json: JSONValue(parsing: "{\"model\": {\n\"vocab\": {", source: "tokenizer.json"), source: "tokenizer.json")
    }
  }

  @Test(arguments: ["model", "decoder", "pre_tokenizer"]) func `a stage of another JSON kind is an error`(stage: String)
  {
    #expect(Samples.error { $0[stage] = 7 } != nil)
  }

  @Test func `a missing model, vocabulary, merge list or type is an error that names the key`() {
    func missing(_ key: String, _ change: (inout JSONObject) -> Void) {
      guard case .document(.missing(key, _, _))? = Samples.error(change) else {
        Issue.record("no error for a missing '\(key)'")
        return
      }
    }
    missing("model") { $0["model"] = nil }
    missing("vocab") { $0.edit("model") { $0["vocab"] = nil } }
    missing("merges") { $0.edit("model") { $0["merges"] = nil } }
    missing("type") { $0.edit("decoder") { $0["type"] = nil } }
    missing("content") { $0["added_tokens"] = [["id": 0]] }
  }

  @Test func `a merge of a token that is not there is an error that names merge and token`() {
    let error = Samples.error { $0.edit("model") { $0["merges"] = ["h e", "zz q"] } }
    #expect(error == .tokenNotInVocabulary(token: "zz", namedBy: "merge 1", source: "tokenizer.json, 'model'"))
    let result = Samples.error { $0.edit("model") { $0["merges"] = ["h e", "l o"] } }
    #expect(result == .tokenNotInVocabulary(token: "lo", namedBy: "merge 1", source: "tokenizer.json, 'model'"))
  }

  @Test(arguments: [JSONValue.string("h"), "h e l", "", " h", ["h"], ["h", 1], ["h", ""], 3])
  func `a merge that is not two tokens is an error`(merge: JSONValue) {
    let error = Samples.error { $0.edit("model") { $0["merges"] = [merge] } }
    #expect(error == .malformedMerge(index: 0, merge: merge.text, source: "tokenizer.json, 'model'"))
  }

  @Test func `merges may be pairs as well as text`() throws {
    let pairs = try Samples.tokenizer { $0.edit("model") { $0["merges"] = [["h", "e"], ["l", "l"]] } }
    let texts = try Samples.tokenizer { $0.edit("model") { $0["merges"] = ["h e", "l l"] } }
    #expect(pairs.encode("hello") == texts.encode("hello"))
  }

  @Test func `two tokens with one id are an error that names both`() {
    let error = Samples.error { $0.edit("model") { $0.edit("vocab") { $0["double"] = 40 } } }
    guard case .duplicateID(40, _, "double", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let added = Samples.error { $0["added_tokens"] = [Samples.special("<other>", 1)] }
    #expect(added == .duplicateID(id: 1, first: "</s>", second: "<other>", source: "tokenizer.json"))
    let twice = Samples.error { $0["added_tokens"] = [Samples.special("<s>", 0), Samples.special("<s>", 900)] }
    #expect(twice == .duplicateToken(token: "<s>", first: 0, second: 900, source: "tokenizer.json"))
    let moved = Samples.error { $0["added_tokens"] = [Samples.special("<s>", 900)] }
    #expect(moved == .duplicateToken(token: "<s>", first: 0, second: 900, source: "tokenizer.json"))
  }

  @Test(arguments: [-1, 1 << 20, 1 << 31, Int.max, Int.min])
  func `an id that is negative or absurdly large is an error`(id: Int) {
    guard
      case .idOutOfRange(_, id, _, _)? = Samples.error({
        $0.edit("model") { $0.edit("vocab") { $0["far"] = .integer(id) } }
      })
    else {
      Issue.record("no error")
      return
    }
  }

  @Test(arguments: [-1, 1 << 20, 1 << 31, Int.max])
  func `an added token's id that is negative or absurdly large is an error`(id: Int) {
    guard case .idOutOfRange? = Samples.error({ $0["added_tokens"] = [Samples.special("<far>", id)] }) else {
      Issue.record("no error")
      return
    }
  }

  @Test func `an id that is not a whole number, and an empty added token, are errors`() {
    guard case .document(.type)? = Samples.error({ $0.edit("model") { $0.edit("vocab") { $0["half"] = 0.5 } } }) else {
      Issue.record("no error")
      return
    }
    #expect(
      Samples.error { $0["added_tokens"] = [Samples.special("", 5)] }
        == .emptyAddedToken(index: 0, source: "tokenizer.json, 'added_tokens[0]'"))
  }

  @Test(arguments: [
    ("^a", "'^'", 0), ("a|(?<=b)c", "the group '(?<='", 2), ("(?<name>a)", "the group '(?<n'", 0),
    ("(?>a)", "the group '(?>'", 0), ("a\\b", "'\\b'", 1),
    ("(a)\\1", "'\\1'", 3), ("\\p{Han}+", "'\\p{Han}'", 0), ("[a&&b]", "'&&' in a class", 2),
    ("[[:alpha:]]", "'[:' in a class", 1),
    ("a(?!bc)", "a look-ahead at more than one character", 1),
    ("(ab)++", "a possessive quantifier on more than one character", 5),
    ("a*", "a match of the empty text", 0), ("(a*)+b", "a quantifier on what may be empty", 5),
    ("(a", "'(' without ')'", 0), ("a)", "')' without '('", 1),
    ("[a", "'[' without ']'", 0), ("[]", "an empty class", 0), ("+a", "a quantifier without anything before it", 0),
    ("a{1", "'{' that is no interval", 1),
    ("a{3,2}", "an interval that is empty or beyond 64", 1), ("a{999}", "an interval that is empty or beyond 64", 1),
    ("a{2}?", "'?' after '{n}'", 4),
    ("(?i:é)", "a letter beyond ASCII in (?i:)", 4), ("(?i:first)", "a pair of letters with a ligature in (?i:)", 5),
    ("[z-a]", "a range without end", 1),
    ("\\p", "'\\p' without '{'", 0), ("a\\", "'\\' at the end", 1),
    ("\\xFF", "a character by a number that is none", 0),
    ("([ab]{0,64}[ab]{0,64}c){64}", "more states or ranges than the tables hold", 0),
  ])
  func `a pattern with a part that is not supported is an error that names the part and its place`(
    pattern: String, construct: String, position: Int
  ) throws {
    let error = try #require(
      Samples.error {
        $0["pre_tokenizer"] = [
          "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false,
        ]
      })
    let expected = TokenizerError.unsupportedPattern(
      pattern: pattern, construct: construct, position: position, source: "tokenizer.json, 'pre_tokenizer'")
    #expect(error == expected)
    #expect(error.remedy?.contains("(?!...)") == true)
  }

  @Test func `settings that are not supported are errors that name them`() {
    func unsupported(_ setting: String, _ change: (inout JSONObject) -> Void) {
      guard case .unsupportedSetting(_, setting, _, _, _)? = Samples.error(change) else {
        Issue.record("no error for '\(setting)'")
        return
      }
    }
    unsupported("dropout") { $0.edit("model") { $0["dropout"] = 0.1 } }
    unsupported("end_of_word_suffix") { $0.edit("model") { $0["end_of_word_suffix"] = "</w>" } }
    unsupported("continuing_subword_prefix") { $0.edit("model") { $0["continuing_subword_prefix"] = "##" } }
    unsupported("pretokenizers") {
      $0["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": [["type": "ByteLevel"], ["type": "Digits"]]]
    }
    unsupported("behavior") {
      $0["pre_tokenizer"] = ["type": "Split", "pattern": ["String": "a"], "behavior": "Never"]
    }
    unsupported("decoders") {
      $0["decoder"] = ["type": "Sequence", "decoders": [["type": "Fuse"], ["type": "ByteFallback"]]]
    }
    unsupported("single") {
      $0["post_processor"] = ["type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": [:]]
    }
  }

  @Test func `tokens named by unk_token, template or caller must be there`() {
    #expect(
      Samples.error { $0.edit("model") { $0["unk_token"] = "<unk>" } }
        == .tokenNotInVocabulary(token: "<unk>", namedBy: "unk_token", source: "tokenizer.json, 'model'"))
    #expect(throws: TokenizerError.tokenNotInVocabulary(token: "<b>", namedBy: "bos_token", source: "f")) {
      try Tokenizer(json: .object(Samples.byteLevel()), source: "f", bos: "<b>")
    }
    let template: JSONValue = [
      "type": "TemplateProcessing",
      "single": [["SpecialToken": ["id": "<x>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
      "special_tokens": [:],
    ]
    #expect(
      Samples.error { $0["post_processor"] = template }
        == .tokenNotInVocabulary(token: "<x>", namedBy: "the template", source: "tokenizer.json, 'post_processor'"))
  }

  @Test func `a template must have its texts, each once, and there is at most one`() {
    func change(_ single: [JSONValue], _ pair: [JSONValue]) -> TokenizerError? {
      Samples.error {
        $0["post_processor"] = [
          "type": "TemplateProcessing", "single": .array(single), "pair": .array(pair), "special_tokens": [:],
        ]
      }
    }
    let a: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]
    let b: JSONValue = ["Sequence": ["id": "B", "type_id": 1]]
    #expect(change([a], [a, b]) == nil)
    for (single, pair) in [([b], [a, b]), ([a, b], [a, b]), ([a, a], [a, b]), ([], [a, b]), ([a], [a, b, b])] {
      guard case .unsupportedSetting? = change(single, pair) else {
        Issue.record("no error for \(single) and \(pair)")
        continue
      }
    }
    let bert: JSONValue = ["type": "BertProcessing", "cls": ["<s>", 0], "sep": ["</s>", 1]]
    let two: JSONValue = ["type": "Sequence", "processors": [bert, bert]]
    guard
      case .unsupportedSetting("post_processor", "processors", _, _, _)? = Samples.error({
        $0["post_processor"] = two
      })
    else {
      Issue.record("no error for two templates")
      return
    }
  }

  @Test func `a pair for a template of single texts is an error`() throws {
    for pair: JSONValue? in [nil, [], [["Sequence": ["id": "A", "type_id": 0]]]] {
      let tokenizer = try Samples.tokenizer {
        var template: JSONObject = ["type": "TemplateProcessing", "special_tokens": [:]]
        template["single"] = [["Sequence": ["id": "A", "type_id": 0]]]
        template["pair"] = pair
        $0["post_processor"] = .object(template)
      }
      #expect(tokenizer.encode("hello").ids == [261])
      #expect(throws: TokenizerError.noPairTemplate(source: "tokenizer.json")) {
        try tokenizer.encode("hello", pair: "hello")
      }
    }
  }

  @Test func `a template whose ids are not in the vocabulary is an error`() {
    let template: JSONValue = [
      "type": "TemplateProcessing",
      "single": [["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
      "special_tokens": ["<s>": ["id": "<s>", "ids": [99999], "tokens": ["<s>"]]],
    ]
    guard case .idOutOfRange(_, 99999, _, _)? = Samples.error({ $0["post_processor"] = template }) else {
      Issue.record("no error")
      return
    }
  }
}
