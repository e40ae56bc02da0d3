import JSON
import Testing
import Tokenization

@Suite struct `A streaming decoder` {
  static let pipelines = (try? `Parity with Hugging Face tokenizers`.load()) ?? []

  @Test(arguments: pipelines) func `says in parts what decode says at once`(pipeline: GoldenPipeline) throws {
    let tokenizer = try Tokenizer(json: pipeline.document, source: pipeline.name)
    for line in pipeline.lines {
      for skips in [false, true] {
        var decoder = tokenizer.streamingDecoder(skipSpecialTokens: skips)
        var parts = line.ids.map { decoder.push($0) }
        parts.append(decoder.finish())
        #expect(same(parts.joined(), skips ? line.skipped : line.decoded), "\(line.text.debugDescription)")
      }
    }
  }

  @Test func `holds the bytes of a character until it is whole`() throws {
    let tokenizer = try Samples.tokenizer()
    var decoder = tokenizer.streamingDecoder(skipSpecialTokens: false)
    let ids = "a👍é한".utf8.map { TokenID($0) + 2 }
    #expect(ids.map { decoder.push($0) } == ["a", "", "", "", "👍", "", "é", "", "", "한"])
    #expect(decoder.finish() == "")
  }

  @Test func `gives U+FFFD for truly invalid bytes alone, an unfinished character at the end among them`() throws {
    let tokenizer = try Samples.tokenizer()
    func stream(_ bytes: [UInt8]) -> [String] {
      var decoder = tokenizer.streamingDecoder(skipSpecialTokens: false)
      var parts = bytes.map { decoder.push(TokenID($0) + 2) }
      parts.append(decoder.finish())
      #expect(parts.joined() == tokenizer.decode(bytes.map { TokenID($0) + 2 }))
      return parts
    }
    #expect(stream([0xF0, 0x9F]) == ["", "", "\u{FFFD}"])
    #expect(stream([0xF0, 0x9F, 0x41]) == ["", "", "\u{FFFD}A", ""])
    #expect(stream([0x80, 0x41]) == ["\u{FFFD}", "A", ""])
    #expect(stream([0xC3, 0xC3, 0xA9]) == ["", "\u{FFFD}", "é", ""])
    #expect(stream([0xFF]) == ["\u{FFFD}", ""])
  }

  @Test func `holds a run of byte tokens until it ends, for one bad byte spoils the run`() throws {
    let tokenizer = try Samples.tokenizer {
      $0["pre_tokenizer"] = nil
      $0["decoder"] = [
        "type": "Sequence",
        "decoders": [
          ["type": "ByteFallback"], ["type": "Fuse"], ["type": "Strip", "content": "x", "start": 1, "stop": 2],
          ["type": "Replace", "pattern": ["String": "ab"], "content": "-"],
        ],
      ]
      var vocab: JSONObject = ["a": 0, "b": 1, "x": 2]
      for (id, byte) in ["<0xC3>", "<0xA9>", "<0x41>"].enumerated() { vocab[byte] = .integer(id + 3) }
      $0["model"] = ["type": "BPE", "vocab": .object(vocab), "merges": [], "byte_fallback": true]
      $0["added_tokens"] = []
    }
    #expect(tokenizer.decode([3, 4, 0]) == "éa")
    #expect(tokenizer.decode([3, 4, 3, 0]) == "\u{FFFD}\u{FFFD}\u{FFFD}a")
    #expect(tokenizer.decode([2, 2, 0, 1, 2, 2, 2]) == "x-x")
    #expect(tokenizer.decode([2]) == "")
    #expect(tokenizer.decode([5, 5]) == "AA")
  }
}
