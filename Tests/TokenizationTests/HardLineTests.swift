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

  /// The lines of a block.
  static func block(_ index: Int) -> ArraySlice<String> {
    lines[index * HardLineGolden.blockLength..<(index + 1) * HardLineGolden.blockLength]
  }
}
