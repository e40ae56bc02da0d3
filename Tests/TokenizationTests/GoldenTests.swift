import JSON
import Testing
import Tokenization

@Suite struct `Parity with Hugging Face tokenizers` {
  static let pipelines = (try? load()) ?? []

  static func load() throws -> [GoldenPipeline] {
    try GoldenPipeline.all(in: "byte_level.json") + GoldenPipeline.all(in: "sentencepiece.json")
  }

  @Test func `the goldens are there`() throws {
    #expect(try Self.load().count == 20)
    #expect(Self.pipelines.allSatisfy { $0.lines.count > 40 })
  }

  @Test(arguments: pipelines) func `ids and offsets are equal`(pipeline: GoldenPipeline) throws {
    let tokenizer = try Tokenizer(json: pipeline.document, source: pipeline.name)
    for line in pipeline.lines {
      let encoding = tokenizer.encode(line.text)
      #expect(encoding.ids == line.ids, "\(line.text.debugDescription)")
      #expect(encoding.offsets == line.offsets, "\(line.text.debugDescription)")
    }
  }

  @Test(arguments: pipelines) func `decoded text is equal, with and without special tokens`(pipeline: GoldenPipeline)
    throws
  {
    let tokenizer = try Tokenizer(json: pipeline.document, source: pipeline.name)
    for line in pipeline.lines {
      #expect(same(tokenizer.decode(line.ids), line.decoded), "\(line.text.debugDescription)")
      #expect(same(tokenizer.decode(line.ids, skipSpecialTokens: true), line.skipped), "\(line.text.debugDescription)")
    }
  }

  @Test(arguments: pipelines) func `a second encoding, with a warm cache, is equal`(pipeline: GoldenPipeline) throws {
    let tokenizer = try Tokenizer(json: pipeline.document, source: pipeline.name)
    for line in pipeline.lines { #expect(tokenizer.encode(line.text) == tokenizer.encode(line.text)) }
  }

  /// Negative control: the stages matter, so the goldens can tell them apart.
  @Test func `a pipeline without its digits stage fails the goldens`() throws {
    let pipeline = try #require(Self.pipelines.first { $0.name.hasSuffix(": smollm") })
    var document = try #require(pipeline.document.object)
    document["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": false]
    let tokenizer = try Tokenizer(json: .object(document), source: "changed")
    #expect(pipeline.lines.contains { tokenizer.encode($0.text).ids != $0.ids })
  }
}
