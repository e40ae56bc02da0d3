import Foundation
import Testing

@testable import Checkpoints

/// Room that is there while somebody holds it.
@Suite struct ScratchBytesTests {
  @Test func `bytes begin as zeros and keep what is written, in memory and on disk`() throws {
    let scratch = try Scratch()
    for room in [try ScratchBytes(inMemory: 9000), try ScratchBytes(onDiskOf: scratch.path, count: 9000)] {
      #expect(room.bytes.count == 9000 && room.bytes.allSatisfy { $0 == 0 })
      for i in room.bytes.indices { room.bytes[i] = UInt8(i % 251) }
      #expect(room.bytes.enumerated().allSatisfy { $1 == UInt8($0 % 251) })
    }
  }

  @Test func `a file has no name, and nothing is left of it`() throws {
    let scratch = try Scratch()
    let room = try ScratchBytes(onDiskOf: scratch.path, count: 100)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    withExtendedLifetime(room) {}
  }

  @Test func `no bytes are no error`() throws {
    #expect(try ScratchBytes(inMemory: 0).bytes.isEmpty)
  }

  @Test func `a folder that is not there is an error that names it`() throws {
    let scratch = try Scratch()
    #expect(throws: CheckpointError.parentMissing(path: scratch.file("none"), parent: scratch.path)) {
      _ = try ScratchBytes(onDiskOf: scratch.file("none"), count: 10)
    }
  }

  #if os(Linux)
    @Test func `a disk without room is an error at once`() throws {
      let scratch = try Scratch()
      #expect(throws: CheckpointError.self) { _ = try ScratchBytes(onDiskOf: scratch.path, count: 1 << 50) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
  #endif
}
