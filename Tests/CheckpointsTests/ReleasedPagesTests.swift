import Foundation
import Testing

@testable import Checkpoints

@Suite struct ReleasedPagesTests {
  private let scratch: Scratch
  private let sizes: [UInt64] = [1024, 2048]

  init() throws { scratch = try Scratch() }

  /// Two tensors of about two million numbers each.
  private func file(_ name: String, type: UInt32, bytesEach: Int) throws -> [StoredTensor] {
    var file = GGUFBytes()
    file.tensor("a", sizes, type: type)
    file.tensor("b", sizes, type: type, offset: UInt64(bytesEach))
    file.data = (0..<2 * bytesEach).map {
      UInt8(truncatingIfNeeded: (UInt32(truncatingIfNeeded: $0) &* 2_654_435_761) >> 24)
    }
    return try GGUFFile(scratch.write(name, file.file)).tensors
  }

  @Test func `decoding a second time gives the same numbers though the pages were given back`() throws {
    let tensors = try file("quantised.gguf", type: 8, bytesEach: 1024 * 2048 / 32 * 34)
    let first = try tensors.map { bits(try $0.floats()) }
    let second = try tensors.map { bits(try $0.floats()) }
    // No arrays in the expectations: a failure would print four million numbers.
    let (same, different) = (first == second, first[0] != first[1])
    #expect(same)
    #expect(different)
  }

  #if os(Linux)
    /// Bytes of scratch files that are mapped into this process, and how many of them are resident.
    private func mappedBytes() throws -> (all: Int, resident: Int) {
      // A file of /proc has no size, so it is read to its end.
      let data = try #require(try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps")).readToEnd())
      var inside = false
      var (all, resident) = (0, 0)
      for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
        let fields = line.split(separator: " ")
        if fields[0].contains("-") { inside = line.contains(scratch.path) }
        guard inside, fields.count > 1, let count = Int(fields[1]) else { continue }
        if fields[0] == "Size:" { all += count * 1024 }
        if fields[0] == "Rss:" { resident += count * 1024 }
      }
      return (all, resident)
    }

    @Test(arguments: [(type: UInt32(8), bytes: 34, of: 32), (type: 1, bytes: 2, of: 1)])
    func `the pages of decoded tensors do not stay in memory`(type: UInt32, bytes: Int, of elements: Int) throws {
      let tensors = try file("decoded.gguf", type: type, bytesEach: 1024 * 2048 / elements * bytes)
      for tensor in tensors { _ = try tensor.floats() }
      let used = try withExtendedLifetime(tensors) { try mappedBytes() }
      #expect(used.all > 4_000_000)
      #expect(used.resident < 100_000)
    }

    @Test func `the pages of tensors that can be used in place stay`() throws {
      let plain = try file("plain.gguf", type: 0, bytesEach: 1024 * 2048 * 4)
      #expect(plain.allSatisfy { $0.mappedBytes != nil })
      for tensor in plain { _ = try tensor.floats() }
      let used = try withExtendedLifetime(plain) { try mappedBytes() }
      #expect(used.resident > 16_000_000)
    }
  #endif
}
