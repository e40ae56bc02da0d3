import JSON

/// What stands behind a name in `tokenizer.ggml.pre`: the stages that the tokenizers of that name have in their tokenizer.json.
///
/// The names are llama.cpp's (`llama_vocab::impl::load` in llama-vocab.cpp). Its own patterns are sometimes rewritten for its engine; here
/// they are the originals.
struct GGUFPreTokenizer {
  /// How texts are cut.
  private enum Cut {
    /// By GPT-2's pattern, in one stage with the spelling of bytes.
    case gpt2
    /// Each digit by itself, then as GPT-2.
    case digitsThenGPT2
    /// By some patterns, one after the other.
    case patterns([String])
    /// So, and then each digit by itself.
    case patternsThenDigits([String])
  }

  private let cut: Cut
  private let composes: Bool
  /// Whether a piece that is a token as a whole is that token.
  let ignoresMerges: Bool
  /// Whether texts begin with a token of their own where the file does not say.
  let addsBOS: Bool

  private init(_ cut: Cut, composes: Bool = false, ignoresMerges: Bool = false, addsBOS: Bool = false) {
    self.cut = cut
    self.composes = composes
    self.ignoresMerges = ignoresMerges
    self.addsBOS = addsBOS
  }

  init(named name: String, source: String) throws(TokenizerError) {
    guard let known = Self.known.first(where: { $0.names.contains(name) }) else {
      throw .unknownType(stage: "tokenizer.ggml.pre", type: name, supported: Self.supported, source: source)
    }
    self = known.kind
  }

  /// The names there are.
  static var supported: [String] { known.flatMap(\.names) }

  private static let known: [(names: [String], kind: GGUFPreTokenizer)] = [
    (
      [
        "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code",
        "roberta-bpe", "gigachat", "a.x-4.0", "exaone4", "jais", "trillion",
      ], GGUFPreTokenizer(.gpt2)
    ),
    (["mpt", "olmo"], GGUFPreTokenizer(.gpt2, composes: true)),
    (
      ["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b"], GGUFPreTokenizer(.digitsThenGPT2)
    ),
    (["command-r"], GGUFPreTokenizer(.digitsThenGPT2, composes: true)),
    (
      ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
      GGUFPreTokenizer(.patterns([TokenizerPatterns.llama3]), ignoresMerges: true, addsBOS: true)
    ),
    (["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], GGUFPreTokenizer(.patterns([TokenizerPatterns.llama3]))),
    (
      ["qwen2", "deepseek-r1-qwen", "megrez"],
      GGUFPreTokenizer(.patterns([TokenizerPatterns.qwen2]), composes: true)
    ),
    (["stablelm2", "hunyuan"], GGUFPreTokenizer(.patterns([TokenizerPatterns.qwen2]))),
    (
      ["tekken"], GGUFPreTokenizer(.patterns([TokenizerPatterns.tekken]), ignoresMerges: true, addsBOS: true)
    ),
    (["gpt-4o", "llama4"], GGUFPreTokenizer(.patterns([TokenizerPatterns.o200k]))),
    (["deepseek-coder"], GGUFPreTokenizer(.patternsThenDigits(TokenizerPatterns.deepSeekCoder))),
    (["deepseek-v3"], GGUFPreTokenizer(.patterns(TokenizerPatterns.deepSeekV3))),
    (["bailingmoe"], GGUFPreTokenizer(.patterns([TokenizerPatterns.bailing]))),
    (["seed-coder"], GGUFPreTokenizer(.patterns([TokenizerPatterns.seedCoder]))),
    (["bloom", "gpt3-finnish", "poro-chat"], GGUFPreTokenizer(.patterns([TokenizerPatterns.bloom]))),
  ]

  /// The normalizer of tokenizer.json.
  var normalizer: JSONValue { composes ? ["type": "NFC"] : nil }

  /// The pre-tokenizer of tokenizer.json.
  var stage: JSONValue {
    switch cut {
    case .gpt2: return Self.byteLevel(usesPattern: true)
    case .digitsThenGPT2: return Self.sequence([Self.digits, Self.byteLevel(usesPattern: true)])
    case .patterns(let patterns):
      return Self.sequence(patterns.map(Self.split) + [Self.byteLevel(usesPattern: false)])
    case .patternsThenDigits(let patterns):
      return Self.sequence(patterns.map(Self.split) + [Self.digits, Self.byteLevel(usesPattern: false)])
    }
  }

  private static func sequence(_ parts: [JSONValue]) -> JSONValue {
    ["type": "Sequence", "pretokenizers": .array(parts)]
  }

  private static let digits: JSONValue = ["type": "Digits", "individual_digits": true]

  private static func split(_ pattern: String) -> JSONValue {
    ["type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false]
  }

  /// The stage of tokenizer.json that spells bytes, and back.
  static func byteLevel(usesPattern: Bool) -> JSONValue {
    ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": .bool(usesPattern)]
  }
}
