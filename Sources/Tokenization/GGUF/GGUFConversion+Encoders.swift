import JSON

/// WordPiece and Unigram, the tokenizers of encoders, as llama.cpp's converter writes them.
extension GGUFConversion {
  // MARK: WordPiece

  /// llama.cpp writes words with a `▁` before them and continuations bare; names in brackets stay as they are.
  ///
  /// A continuation that itself begins with `▁` looks like a word. It is told from one where it would be empty, or a word that
  /// stands before it.
  static func spellContinuations(_ tokens: inout [String]) {
    let mark = "▁".utf8
    var words = ByteStringTable(capacity: tokens.count)
    for (id, token) in tokens.enumerated() {
      if token.utf8.first == UInt8(ascii: "["), token.utf8.last == UInt8(ascii: "]") { continue }
      let word = token.utf8.dropFirst(mark.count)
      let isWord = token.utf8.starts(with: mark) && !word.isEmpty && words.insert(word).isNew
      tokens[id] = isWord ? UTF8Text.string(word) : "##" + token
    }
  }

  /// The file does not say whether the model knows capital letters: it does if any word has one.
  func wordPieceNormalizer() -> JSONValue {
    let isCased = zip(vocabulary.tokens, types).contains { token, type in
      type == .normal && token.utf8.first != UInt8(ascii: "[") && token.utf8.contains { $0 >= 0x41 && $0 <= 0x5A }
    }
    return [
      "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil,
      "lowercase": .bool(!isCased),
    ]
  }

  static let wordPieceDecoder: JSONValue = ["type": "WordPiece", "prefix": "##", "cleanup": true]

  func wordPieceModel() throws(TokenizerError) -> JSONValue {
    [
      "type": "WordPiece", "unk_token": vocabulary.unknownID.map { .string(vocabulary.tokens[$0]) } ?? nil,
      "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": try vocab(),
    ]
  }

  /// `[CLS] A [SEP]`, and `B [SEP]` after it.
  func wordPieceTemplate() -> JSONValue {
    func named(_ id: Int?) -> JSONValue {
      id.map { .array([.string(vocabulary.tokens[$0]), .integer($0)]) } ?? nil
    }
    return ["type": "BertProcessing", "cls": named(vocabulary.bosID), "sep": named(vocabulary.separatorID)]
  }

  // MARK: Unigram

  static let unigramSpaces: JSONValue = [
    "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true,
  ]

  /// As transformers converts SentencePiece (`SpmConverter` in convert_slow_tokenizer.py).
  func unigramNormalizer() -> JSONValue {
    let map: [JSONValue] =
      vocabulary.charsMap.isEmpty
      ? [] : [["type": "Precompiled", "precompiled_charsmap": .string(Base64.encode(vocabulary.charsMap))]]
    return [
      "type": "Sequence",
      "normalizers": .array(
        map + [
          ["type": "Strip", "strip_left": false, "strip_right": true],
          ["type": "Replace", "pattern": ["Regex": " {2,}"], "content": "▁"],
        ]),
    ]
  }

  func unigramModel() -> JSONValue {
    [
      "type": "Unigram", "unk_id": vocabulary.unknownID.map { .integer($0) } ?? nil,
      "byte_fallback": .bool(types.contains(.byte)),
      "vocab": .array(
        zip(vocabulary.tokens, vocabulary.scores).map { .array([.string($0), .number(Double($1))]) }),
    ]
  }
}

extension GGUFVocabulary {
  /// llama.cpp's ids for BERT where the file names none: those of the first BERT.
  mutating func setWordPieceDefaults(_ given: GGUFVocabulary) {
    unknownID = given.unknownID ?? 100
    bosID = given.bosID ?? 101
    separatorID = given.separatorID ?? 102
  }

  /// llama.cpp's ids for T5 where the file names none.
  mutating func setUnigramDefaults(_ given: GGUFVocabulary) {
    eosID = given.eosID ?? 1
    unknownID = given.unknownID ?? 2
    addsEOS = given.addsEOS ?? true
  }
}
