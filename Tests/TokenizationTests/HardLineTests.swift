import JSON
import Testing
import Tokenization

@Suite struct `Ten thousand hard lines` {
  static let lines: [String] = {
    guard let generator = try? HardLines() else { return [] }
    return (0..<10_000).map { generator.line($0) }
  }()
  static let goldens = (try? HardLineGolden.all()) ?? []

  @Test func `are those of the Python generator`() throws {
    let expected = try #require(try fixture("hard_lines_hashes.json").array).map(\.string)
    #expect(Self.lines.count == expected.count * HardLineGolden.blockLength)
    for (index, hash) in expected.enumerated() {
      var fnv = FNV()
      for line in Self.block(index) { fnv.add(line: line) }
      #expect(fnv.text == hash, "block \(index)")
    }
  }

  @Test func `have goldens`() throws {
    #expect(try HardLineGolden.all().count >= 4)
  }

  @Test(arguments: goldens) func `have the reference's ids, offsets and decoded text, streamed too`(
    golden: HardLineGolden
  ) throws {
    let tokenizer = try Tokenizer(json: golden.document, source: golden.name)
    for sample in golden.samples {
      let line = Self.lines[sample.line]
      #expect(tokenizer.encode(line) == sample.encoding, "line \(sample.line): \(line.debugDescription)")
    }
    var roundTrips = 0
    for index in golden.blocks.indices {
      let found = HardLineGolden.hashes(of: Self.block(index), tokenizer)
      #expect(golden.differences(of: found.block, at: index) == [], "block \(index) of \(golden.name)")
      roundTrips += found.roundTrips
    }
    #expect(golden.blocks.count * HardLineGolden.blockLength == Self.lines.count)
    #expect(roundTrips == golden.roundTrips)
  }

  /// Negative controls: small changes that the hashes must tell.
  @Test(arguments: [
    ("llama3", "ignore_merges"), ("llama3", "a pattern"), ("gpt2", "a merge"), ("gemma", "byte_fallback"),
  ])
  func `tell a tokenizer with a small change`(name: String, change: String) throws {
    let golden = try HardLineGolden(name: name)
    var document = try #require(golden.document.object)
    switch change {
    case "a pattern":
      let text = golden.document.text.replacing("{1,3}", with: "{1,4}")
      document = try #require(try JSONValue(parsing: text, source: name).object)
    case "a merge":
      document.edit("model") {
        var merges = $0["merges"]?.array ?? []
        merges.remove(at: 700)
        $0["merges"] = .array(merges)
      }
    default: document.edit("model") { $0[change] = .bool($0[change]?.bool != true) }
    }
    let tokenizer = try Tokenizer(json: .object(document), source: "changed")
    #expect(
      golden.blocks.indices.contains { index in
        let found = HardLineGolden.hashes(of: Self.block(index), tokenizer)
        return golden.differences(of: found.block, at: index).contains("ids")
      })
  }

  /// The lines of a block.
  static func block(_ index: Int) -> ArraySlice<String> {
    lines[index * HardLineGolden.blockLength..<(index + 1) * HardLineGolden.blockLength]
  }
}
