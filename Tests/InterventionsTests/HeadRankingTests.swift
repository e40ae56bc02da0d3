import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Testing
import _TestSupport

/// Rankings of heads as values and in files.
struct HeadRankings {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private let ranking = HeadRanking([
    .init(layer: 0, head: 1, score: 0.5), .init(layer: 2, head: 0, score: 1.5), .init(layer: 0, head: 3, score: 0.25),
    .init(layer: 2, head: 3, score: 0.1),
  ])

  private func pairs(_ ranking: HeadRanking) -> [[Int]] { ranking.heads.map { [$0.layer, $0.head] } }

  @Test func `ties go to the later layer, then to the later head`() {
    let tied = (0..<3).flatMap { layer in (0..<3).map { HeadRanking.Entry(layer: layer, head: $0, score: 1) } }
    let expected = [[2, 2], [2, 1], [2, 0], [1, 2], [1, 1], [1, 0], [0, 2], [0, 1], [0, 0]]
    #expect(pairs(HeadRanking(tied)) == expected)
    #expect(pairs(HeadRanking(tied.reversed())) == expected)
    #expect(pairs(HeadRanking(tied + [.init(layer: 0, head: 9, score: 2)])) == [[0, 9]] + expected)
  }

  @Test func `the best heads become one location for each layer`() {
    #expect(pairs(ranking) == [[2, 0], [0, 1], [0, 3], [2, 3]])
    #expect(ranking.locations(top: 1).line == "2.head_attention_value_output[0]@all")
    #expect(
      ranking.locations(top: 3, positions: .prompt).line
        == "0.head_attention_value_output[1,3]@prompt;2.head_attention_value_output[0]@prompt")
    #expect(
      ranking.locations(top: 4).line == "0.head_attention_value_output[1,3]@all;2.head_attention_value_output[0,3]@all")
  }

  @Test func `JSON gives back what was written`() throws {
    try scratch.write("heads.json", ranking.json.prettyText)
    #expect(try HeadRanking(reading: scratch("heads.json")) == ranking)
  }

  @Test func `plain pairs in JSON keep their order`() throws {
    try scratch.write("heads.json", "[[3, 1], [0, 2], [3, 0]]")
    #expect(try pairs(HeadRanking(reading: scratch("heads.json"))) == [[3, 1], [0, 2], [3, 0]])
    try scratch.write("heads.json", "[{\"layer\": 0, \"head\": 2}, {\"layer\": 3, \"head\": 1}]")
    #expect(try pairs(HeadRanking(reading: scratch("heads.json"))) == [[0, 2], [3, 1]])
  }

  @Test func `npy gives back the order of what was written`() throws {
    try ranking.numpy().write(to: scratch("heads.npy"))
    #expect(try pairs(HeadRanking(reading: scratch("heads.npy"))) == pairs(ranking))
    try ranking.numpy(top: 2).write(to: scratch("two.npy"))
    #expect(try pairs(HeadRanking(reading: scratch("two.npy"))) == [[2, 0], [0, 1]])
  }

  /// The bytes of `numpy.save("heads.npy", numpy.array([[14, 18], [13, 0], [31, 7]]))` by numpy 1.26.4.
  private static let header: [UInt8] =
    [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
    + Array("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 2), }".utf8)
    + [UInt8](repeating: 0x20, count: 58) + [0x0A]

  @Test func `a file that numpy wrote is read, and written again byte for byte`() throws {
    let bytes = Self.header + [14, 18, 13, 0, 31, 7].flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] as [UInt8] }
    try scratch.change("numpy.npy") { $0 = bytes }
    let read = try HeadRanking(reading: scratch("numpy.npy"))
    #expect(pairs(read) == [[14, 18], [13, 0], [31, 7]])
    try read.numpy().write(to: scratch("again.npy"))
    try scratch.change("again.npy") { #expect($0 == bytes) }
  }

  @Test(arguments: [
    ("{}", "expected a list of heads, got an object"), ("[]", "expected a list of heads, got an array"),
    ("[[0, 1], [0, 1]]", "a head stands twice"), ("[[0, -1]]", "layers and heads are counted from 0"),
    ("[[-1, 1]]", "layers and heads are counted from 0"),
  ])
  func `a list that is no choice of heads is an error that names the file`(text: String, problem: String) throws {
    try scratch.write("heads.json", text)
    let path = scratch("heads.json")
    let error = try thrown(AdapterError.self) { _ = try HeadRanking(reading: path) }
    #expect(error == .headFile(problem: problem, source: path))
    #expect(error.description.contains("[[layer, head], ...]"))
  }

  @Test func `an item that is no head is an error that names its number`() throws {
    let path = scratch("heads.json")
    try scratch.write("heads.json", "[[0, 1], [0, 1, 2]]")
    expect(JSONError.type(key: "(root)", expected: "an object", got: "an array", source: "\(path), item 2")) {
      _ = try HeadRanking(reading: path)
    }
    try scratch.write("heads.json", "[{\"layer\": 0, \"haed\": 1}]")
    expect(JSONError.missing(key: "head", source: "\(path), item 1", nearest: "haed")) {
      _ = try HeadRanking(reading: path)
    }
    try scratch.write("heads.json", "[{\"layer\": 0, \"head\": 1, \"score\": \"high\"}]")
    expect(JSONError.type(key: "score", expected: "a number", got: "a string", source: "\(path), item 1")) {
      _ = try HeadRanking(reading: path)
    }
  }

  @Test func `an array of another shape or type is an error`() throws {
    let path = scratch("heads.npy")
    for (shape, elements) in [
      ([4], NPYArray.Elements.int64([0, 1, 0, 2])), ([1, 3], .int64([0, 1, 2])), ([1, 2], .float32([0, 1])),
      ([0, 2], .int64([])),
    ] {
      try NPYArray(shape: shape, elements: elements).write(to: path, overwrite: true)
      expect(AdapterError.headFile(problem: "expected whole numbers of shape [K, 2], got \(shape)", source: path)) {
        _ = try HeadRanking(reading: path)
      }
    }
  }

  @Test func `a file that is missing or cut off is an error that names it`() throws {
    for name in ["none.npy", "none.json"] {
      let error = try thrown(CheckpointError.self) { _ = try HeadRanking(reading: scratch(name)) }
      #expect(error.description.contains(scratch(name)))
    }
    try ranking.numpy().write(to: scratch("heads.npy"))
    try scratch.change("heads.npy") { $0.removeLast(3) }
    let error = try thrown(CheckpointError.self) { _ = try HeadRanking(reading: scratch("heads.npy")) }
    #expect(error.description.contains("cut off") && error.description.contains(scratch("heads.npy")))
  }
}
