import Foundation
import JSON
import Testing
import Tokenization

/// A tokenizer.json, and hashes of what Hugging Face `tokenizers` makes of the hard lines with it. See scripts/goldens/hard_lines.py.
struct HardLineGolden: CustomTestStringConvertible, Sendable {
  /// The hashes of a hundred lines.
  struct Block: Sendable {
    var ids = FNV()
    var offsets = FNV()
    var decoded = FNV()
    var skipped = FNV()
  }

  /// A line in full, to look at.
  struct Sample: Sendable {
    let line: Int
    let encoding: Encoding
  }

  static let blockLength = 100

  let name: String
  /// The tokenizer.json.
  let document: JSONValue
  let blocks: [JSONValue]
  let samples: [Sample]
  /// The number of lines that come back as they were when special tokens are left out.
  let roundTrips: Int
  /// The other members of golden.json.
  let facts: JSONValue

  var testDescription: String { name }

  /// All the goldens there are, by name.
  static func all() throws -> [HardLineGolden] {
    let names = try FileManager.default.contentsOfDirectory(atPath: fixtures.appending(path: "parity").path)
    return try names.sorted().map { try HardLineGolden(name: $0) }
  }

  init(name: String) throws {
    self.name = name
    document = try fixture("parity/\(name)/tokenizer.json")
    facts = try fixture("parity/\(name)/golden.json")
    blocks = facts["blocks"]?.array ?? []
    roundTrips = facts["roundTrips"]?.int ?? -1
    samples = (facts["samples"]?.array ?? []).map { sample in
      let ends = sample["offsets"]?.array?.compactMap(\.int) ?? []
      return Sample(
        line: sample["line"]?.int ?? -1,
        encoding: Encoding(
          ids: sample["ids"]?.array?.compactMap { $0.int.map(TokenID.init) } ?? [],
          offsets: stride(from: 0, to: ends.count, by: 2).map { ends[$0]..<ends[$0 + 1] }))
    }
  }

  /// What a tokenizer makes of some lines, as hashes, and how many of them come back as they were.
  static func hashes(of lines: some Sequence<String>, _ tokenizer: Tokenizer) -> (block: Block, roundTrips: Int) {
    var block = Block()
    var roundTrips = 0
    for line in lines {
      let encoding = tokenizer.encode(line)
      for id in encoding.ids { block.ids.add(UInt64(id)) }
      for offset in encoding.offsets {
        block.offsets.add(UInt64(offset.lowerBound))
        block.offsets.add(UInt64(offset.upperBound))
      }
      block.ids.endLine()
      block.offsets.endLine()
      block.decoded.add(line: tokenizer.decode(encoding.ids))
      // The stream's parts: put together they must be the whole text.
      var stream = tokenizer.streamingDecoder(skipSpecialTokens: true)
      var skipped = ""
      for id in encoding.ids { skipped += stream.push(id) }
      skipped += stream.finish()
      block.skipped.add(line: skipped)
      if same(skipped, line) { roundTrips += 1 }
    }
    return (block, roundTrips)
  }

  /// Which hashes of a block differ from the reference's; empty where all are equal.
  func differences(of block: Block, at index: Int) -> [String] {
    guard index < blocks.count else { return ["no block \(index)"] }
    let found = [
      ("ids", block.ids), ("offsets", block.offsets), ("decoded", block.decoded), ("skipped", block.skipped),
    ]
    return found.filter { blocks[index][$0.0]?.string != $0.1.text }.map(\.0)
  }
}
