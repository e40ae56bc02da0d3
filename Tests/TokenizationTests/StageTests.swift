import JSON
import Testing
import Tokenization

/// What one stage makes of tricky lines, held against Hugging Face `tokenizers` (scripts/goldens/tokenizer_stages.py).
struct StageGolden: CustomTestStringConvertible, Sendable {
  let name: String
  let document: JSONValue
  /// For each line a hash of ids and offsets.
  let hashes: [String]

  var testDescription: String { name }

  static func all() throws -> (lines: [String], cases: [StageGolden]) {
    let root = try fixture("stages.json")
    let cases = (root["cases"]?.array ?? []).map { value in
      var document = value["document"]?.object ?? [:]
      if document["model"] == nil { document["model"] = root["spelling"] }
      return StageGolden(
        name: value["name"]?.string ?? "?", document: .object(document),
        hashes: value["hashes"]?.string?.split(separator: " ").map(String.init) ?? [])
    }
    return ((root["lines"]?.array ?? []).compactMap(\.string), cases)
  }

  static func hash(_ encoding: Encoding) -> String {
    var fnv = FNV()
    for id in encoding.ids { fnv.add(UInt64(id)) }
    fnv.endLine()
    for range in encoding.offsets {
      fnv.add(UInt64(range.lowerBound))
      fnv.add(UInt64(range.upperBound))
    }
    return String(fnv.text.dropFirst(8))
  }
}

@Suite struct `A stage by itself` {
  static let goldens = (try? StageGolden.all()) ?? (lines: [], cases: [])

  @Test func `has goldens`() throws {
    let (lines, cases) = try StageGolden.all()
    #expect(lines.count == 250)
    #expect(cases.count == 40)
    #expect(cases.allSatisfy { $0.hashes.count == lines.count })
  }

  @Test(arguments: goldens.cases) func `has the reference's ids and offsets`(golden: StageGolden) throws {
    let tokenizer = try Tokenizer(json: golden.document, source: golden.name)
    for (line, hash) in zip(Self.goldens.lines, golden.hashes) {
      let encoding = tokenizer.encode(line)
      #expect(StageGolden.hash(encoding) == hash, "\(line.debugDescription): \(encoding)")
    }
  }

  /// Negative control: no stage's goldens are those of another.
  @Test func `is told from every other by its goldens`() {
    // The two kinds of lower case are one.
    let cases = Self.goldens.cases.filter { !$0.name.hasPrefix("Unigram") && $0.name != "BERT lowercase" }
    #expect(Set(cases.map(\.hashes)).count == cases.count)
  }

  @Test func `takes time in proportion to the text`() throws {
    func tokenizer(_ name: String) throws -> Tokenizer {
      let golden = try #require(Self.goldens.cases.first { $0.name == name })
      return try Tokenizer(json: golden.document, source: name)
    }
    // A square of these lengths would take minutes.
    let marks = "a" + String(repeating: "\u{301}\u{323}", count: 100_000)
    #expect(try tokenizer("NFC").encode(marks).ids.count == 1 + 2 * 200_000)
    let letters = String(repeating: "thgh", count: 100_000)
    #expect(try tokenizer("Unigram with byte fallback").encode(letters).offsets.last?.upperBound == 400_000)
    #expect(try tokenizer("clusters of U+0061").encode(marks).offsets.last?.upperBound == marks.utf8.count)
  }
}
