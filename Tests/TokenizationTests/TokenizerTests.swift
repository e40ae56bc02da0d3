import JSON
import Testing
import Tokenization

@Suite struct `A tokenizer` {
  @Test func `names its tokens and tells its size`() throws {
    let tokenizer = try Tokenizer(json: .object(Samples.byteLevel()), source: "t", bos: "<s>", eos: "</s>")
    #expect(tokenizer.bos == 0)
    #expect(tokenizer.eos == 1)
    #expect(tokenizer.vocabularySize == 262)
    #expect(tokenizer.id(of: "hello") == 261)
    #expect(tokenizer.token(of: 261) == "hello")
    #expect(tokenizer.id(of: "hellos") == nil)
    #expect(tokenizer.token(of: 262) == nil)
    #expect(tokenizer.token(of: -1) == nil)
  }

  @Test func `ids outside of the vocabulary and in its holes add nothing to the text`() throws {
    let tokenizer = try Samples.tokenizer {
      $0["added_tokens"] = [Samples.special("<s>", 0), Samples.special("<far>", 300)]
    }
    #expect(tokenizer.vocabularySize == 301)
    #expect(tokenizer.token(of: 299) == nil)
    #expect(tokenizer.decode([261, 299, 301, -5, .max, .min, 261]) == "hellohello")
  }

  @Test func `special tokens in the text become single ids whatever addSpecialTokens says`() throws {
    let tokenizer = try Samples.tokenizer()
    for adds in [true, false] {
      let encoding = tokenizer.encode("<s>hello</s>", addSpecialTokens: adds)
      #expect(encoding.ids == [0, 261, 1])
      #expect(encoding.offsets == [0..<3, 3..<8, 8..<12])
    }
    #expect(tokenizer.decode([0, 261, 1]) == "<s>hello</s>")
    #expect(tokenizer.decode([0, 261, 1], skipSpecialTokens: true) == "hello")
  }

  @Test func `tokens of the template have empty ranges and are left out on demand`() throws {
    let tokenizer = try Samples.tokenizer {
      $0["post_processor"] = [
        "type": "TemplateProcessing",
        "single": [
          ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
          ["SpecialToken": ["id": "</s>", "type_id": 0]],
        ],
        "pair": [
          ["Sequence": ["id": "B", "type_id": 3]], ["SpecialToken": ["id": "</s>", "type_id": 2]],
          ["Sequence": ["id": "A", "type_id": 1]],
        ],
        "special_tokens": [
          "<s>": ["id": "<s>", "ids": [0], "tokens": ["<s>"]], "</s>": ["id": "</s>", "ids": [1], "tokens": ["</s>"]],
        ],
      ]
    }
    #expect(tokenizer.encode("hello") == Encoding(ids: [0, 261, 1], offsets: [0..<0, 0..<5, 0..<0]))
    #expect(tokenizer.encode("hello", addSpecialTokens: false) == Encoding(ids: [261], offsets: [0..<5]))
    #expect(tokenizer.encode("") == Encoding(ids: [0, 1], offsets: [0..<0, 0..<0]))
    #expect(tokenizer.encode("", addSpecialTokens: false) == Encoding())
    #expect(
      try tokenizer.encode("hellohello", pair: "!hello")
        == Encoding(
          ids: [35, 261, 1, 261, 261], offsets: [0..<1, 1..<6, 0..<0, 0..<5, 5..<10], typeIDs: [3, 3, 2, 1, 1]))
  }

  @Test func `without a template a pair is one text after the other`() throws {
    let encoding = try Samples.tokenizer().encode("hello", pair: "hello!")
    #expect(encoding == Encoding(ids: [261, 261, 35], offsets: [0..<5, 0..<5, 5..<6], typeIDs: [0, 1, 1]))
  }

  @Test func `a character without a token leaves none and moves no offsets`() throws {
    // As in SmolLM2's vocabulary, which lacks some bytes.
    let tokenizer = try Samples.tokenizer { $0.edit("model") { $0.edit("vocab") { $0[Samples.letter(4)] = nil } } }
    #expect(tokenizer.encode("\u{4}") == Encoding())
    let encoding = tokenizer.encode("\u{4}\u{4}!\u{4}?!")
    #expect(encoding.ids.count == 3)
    #expect(encoding.offsets == [0..<4, 4..<5, 5..<6])
  }

  @Test func `long words take the heap and short ones the plain search, to the same end`() throws {
    // The merges of a long run are its neighbours' merges: cut anywhere between pieces the ids are the same.
    let tokenizer = try Samples.tokenizer()
    let word = String(repeating: "hello", count: 2000)
    #expect(tokenizer.encode(word).ids == Array(repeating: 261, count: 2000))
    #expect(tokenizer.encode(word).offsets.last == 9995..<10000)
    #expect(tokenizer.decode(tokenizer.encode(word).ids) == word)
  }

  @Test func `what json() gives makes the same tokenizer`() throws {
    let document = JSONValue.object(Samples.byteLevel())
    let copy = try Tokenizer(
      json: JSONValue(parsing: Tokenizer(json: document, source: "a").json().text, source: "b"), source: "b")
    #expect(copy.encode("hello <s> world\n") == (try Samples.tokenizer()).encode("hello <s> world\n"))
  }

  @Test func `many threads may encode at once`() async throws {
    let tokenizer = try Samples.tokenizer()
    let texts = (0..<64).map { "hello \($0) hell \(String(repeating: "oh ", count: $0))" }
    let expected = texts.map { tokenizer.encode($0) }
    await withTaskGroup(of: (Int, Encoding).self) { group in
      for (i, text) in texts.enumerated() { group.addTask { (i, tokenizer.encode(text)) } }
      for await (i, encoding) in group { #expect(encoding == expected[i]) }
    }
  }

  @Test func `lists what its stages may be`() throws {
    let stages = TokenizerStages.supported
    #expect(
      stages.map(\.name) == [
        "normalizer", "pre_tokenizer", "model", "post_processor", "decoder", "tokenizer.ggml.model",
        "tokenizer.ggml.pre",
      ])
    for stage in stages {
      #expect(Set(stage.kinds).count == stage.kinds.count, "\(stage.name)")
    }
    // Each stage of tokenizer.json knows what it lists: the error of an unknown kind comes from the same reader.
    for stage in stages.prefix(5) {
      for kind in stage.kinds {
        let error = Samples.error { $0.edit(stage.name) { $0["type"] = .string(kind) } }
        if case .unknownType(stage.name, _, _, _)? = error { Issue.record("\(stage.name) does not know \(kind)") }
      }
    }
  }
}
