import Foundation
import JSON
import Testing

@testable import Tasks

@Suite struct PythonRandomTests {
  private struct Case {
    let seed: Int, count: Int, k: Int
    let sample: [Int]
  }

  /// Made by scripts/goldens/python_random.py; samples longer than 30 are given by their first 12 and last 4.
  private func cases() throws -> [Case] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/python_random.json").path
    let value = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8), source: path)
    return try JSONReader(value, source: path).array("cases").map { value in
      let reader = try JSONReader(value, source: path)
      return try Case(
        seed: reader.int("seed"), count: reader.int("count"), k: reader.int("k"),
        sample: reader.array("sample").compactMap(\.int))
    }
  }

  @Test func `samples are those of Python`() throws {
    let cases = try cases()
    #expect(cases.count == 80)
    for one in cases {
      var random = PythonRandom(seed: one.seed)
      let sample = random.sample(of: one.count, one.k)
      #expect(sample.count == one.k)
      #expect((one.k <= 30 ? sample : sample.prefix(12) + sample.suffix(4)) == one.sample, "\(one)")
    }
  }

  @Test func `another seed draws another sample`() throws {
    let one = try #require(try cases().first { $0.seed == 42 && $0.k == 300 })
    var random = PythonRandom(seed: 43)
    #expect(Array(random.sample(of: one.count, one.k).prefix(12)) != Array(one.sample.prefix(12)))
  }

  @Test func `records are drawn by seed, taken in order without one, and a limit beyond the file is an error`() throws {
    let items = Array(0..<100)
    #expect(try items.drawn(limit: nil, seed: 1, path: "d") == items)
    #expect(try items.drawn(limit: 3, seed: nil, path: "d") == [0, 1, 2])
    // random.seed(42); random.sample(range(100), 4)
    #expect(try items.drawn(limit: 4, seed: 42, path: "d") == [81, 14, 3, 94])
    #expect(throws: TaskError.limitTooLarge(limit: 101, available: 100, path: "d")) {
      try items.drawn(limit: 101, seed: 1, path: "d")
    }
    #expect(throws: TaskError.countTooSmall(name: "limit", count: 0, minimum: 1)) {
      try items.drawn(limit: 0, seed: 1, path: "d")
    }
  }
}
