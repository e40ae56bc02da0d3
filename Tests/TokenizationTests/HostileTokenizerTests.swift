import JSON
import Testing

@testable import Tokenization

/// Files that are made to hang or to end a program, not only wrong ones: each is refused, or does its work, in little time.
@Suite(.timeLimit(.minutes(5))) struct `A tokenizer file that is hostile` {
  private func pattern(_ text: String) -> TokenizerError? {
    Samples.error {
      $0["pre_tokenizer"] = ["type": "Split", "pattern": ["Regex": .string(text)], "behavior": "Isolated"]
    }
  }

  @Test(arguments: ["(", "(?:", "[", "[^", "(?i:", "x|("])
  func `a pattern that nests without end is refused`(opening: String) {
    let error = pattern(String(repeating: opening, count: 200_000))
    guard case .unsupportedPattern? = error else {
      Issue.record("\(String(describing: error).prefix(200))")
      return
    }
  }

  @Test(arguments: ["+", "{1}", "?", "+?"])
  func `a pattern with quantifiers upon quantifiers is refused`(quantifier: String) {
    #expect(pattern("x" + String(repeating: quantifier, count: 100_000)) != nil)
  }

  @Test func `a pattern with more states than can be is refused soon`() {
    #expect(pattern("(?:a|b)*a" + String(repeating: "(?:a|b)", count: 40)) != nil)
    let letters = (0..<26).map { String(UnicodeScalar(97 + $0) ?? "a") }
    #expect(pattern("(?:\(letters.joined(separator: "|")))*a[a-z]{64}[a-y]{64}") != nil)
    #expect(pattern("(?:(?:\(letters.joined(separator: "|"))){1,64}){1,2}") != nil)
  }

  @Test func `a class of very many ranges is refused`() {
    let scalars = (0..<60_000).compactMap { UnicodeScalar(0x1_0000 + 2 * $0) }.map { String($0) }
    #expect(pattern("[\(scalars.joined())]") != nil)
  }

  @Test func `a stripping decoder takes off no more than there is`() throws {
    let tokenizer = try Samples.tokenizer {
      $0["decoder"] = ["type": "Strip", "content": "h", "start": .integer(.max), "stop": .integer(.max)]
    }
    #expect(tokenizer.decode([try #require(tokenizer.id(of: "hello"))]) == "ello")
  }

  @Test func `rules of replacement whose leaves are none are without effect`() throws {
    let plain = try Samples.tokenizer()
    // The last one is a leaf: it names the replacement "b".
    for (leaf, becomes) in [(UInt32(0x7FFF_FFFF), "a"), (0x0000_FFFF, "a"), (0x8000_0000, "b")] {
      // The root, whose children lie at 1 ^ label; the child for "a", which ends a text and whose leaf lies at 0 ^ place.
      var units = [UInt32](repeating: 0, count: 512)
      units[0] = 256 << 10
      units[256 ^ 0x61] = 0x61 | 1 << 8 | UInt32((256 ^ 0x61) ^ 7) << 10
      units[7] = leaf
      let trie = units.flatMap { unit in (0..<4).map { UInt8(truncatingIfNeeded: unit >> UInt32(8 * $0)) } }
      let length = (0..<4).map { UInt8(truncatingIfNeeded: trie.count >> (8 * $0)) }
      let map = Self.base64(length + trie + [0x62, 0])
      let tokenizer = try Samples.tokenizer {
        $0["normalizer"] = ["type": "Precompiled", "precompiled_charsmap": .string(map)]
      }
      #expect(tokenizer.encode("a").ids == plain.encode(becomes).ids)
    }
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    return stride(from: 0, to: bytes.count, by: 3).map { i in
      let group = bytes[i..<min(i + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      return String((0..<4).map { $0 <= group.count ? digits[bits >> (18 - 6 * $0) & 63] : "=" })
    }.joined()
  }

  @Test func `white space that one added token took is left alone by the next`() throws {
    let tokenizer = try Samples.tokenizer {
      $0["added_tokens"] = [
        ["id": 700, "content": "<x>", "special": true, "rstrip": true],
        ["id": 701, "content": " ", "special": true, "lstrip": true],
      ]
    }
    #expect(tokenizer.encode("<x>   ").ids.first == 700)
  }

  @Test func `very many added tokens that begin alike are looked for in one walk`() throws {
    let tokens = (1...600).map { Samples.special(String(repeating: "a", count: $0) + "b", 1000 + $0) }
    let tokenizer = try Samples.tokenizer { $0["added_tokens"] = .array(tokens) }
    #expect(tokenizer.encode(String(repeating: "a", count: 3000)).ids.count == 3000)
  }

  @Test(arguments: ["lstrip", "rstrip"])
  func `an added token of white space that takes white space is found in time that grows with the text`(side: String)
    throws
  {
    var token: JSONObject = ["id": 700, "content": " ", "special": true]
    token[side] = true
    let tokenizer = try Samples.tokenizer { $0["added_tokens"] = [.object(token)] }
    #expect(!tokenizer.encode(String(repeating: " ", count: 50_000)).ids.isEmpty)
  }

  @Test(arguments: ["part in text", "text.count(part)", "text.rfind(part)", "text.replace(part, '')"])
  func `a long text is searched for a long part in time that grows with both`(search: String) throws {
    let template = try ChatTemplate(
      "{% set text = 'a' * 400000 %}{% set part = 'a' * 200000 ~ 'b' %}{{ \(search) }}", name: "t")
    #expect(try !template.render([], addGenerationPrompt: false).isEmpty)
  }

  @Test func `a long text is searched for a long literal in time that grows with both`() throws {
    let tokenizer = try Samples.tokenizer {
      $0["normalizer"] = [
        "type": "Replace", "pattern": ["String": .string(String(repeating: "a", count: 50_000) + "b")], "content": "",
      ]
    }
    let text = String(repeating: "a", count: 100_000)
    #expect(tokenizer.encode(text).ids.count == text.count)
  }

  @Test func `a mapping of very many members costs a template its steps`() throws {
    let members = (0..<2000).map { "'\($0)': 1" }.joined(separator: ",")
    var template = try ChatTemplate("{% set x = {\(members)} %}", name: "t")
    template.limits.steps = 1_000_000
    #expect(throws: TokenizerError.self) { try template.render([], addGenerationPrompt: false) }
  }

  @Test func `an indentation of very long text costs a template its length`() throws {
    let open = String(repeating: "[", count: 60)
    let close = String(repeating: "]", count: 60)
    let template = try ChatTemplate("{{ \(open)1\(close) | tojson(indent='x' * 60000000) }}", name: "t")
    #expect(throws: TokenizerError.self) { try template.render([], addGenerationPrompt: false) }
  }

  @Test(arguments: [
    "range(9223372036854775807)", "range(-9223372036854775807, 9223372036854775807, 9223372036854775807)",
    "range(0, -9223372036854775807, -9223372036854775807)", "'abc'[::9223372036854775807]",
    "'abc'[::-9223372036854775807]",
  ])
  func `steps as long as numbers go end`(expression: String) throws {
    let template = try ChatTemplate("{{ \(expression) | list }}", name: "t")
    _ = try? template.render([], addGenerationPrompt: false)
  }
}
