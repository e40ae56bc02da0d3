import Foundation
import JSON
import Testing

@testable import Checkpoints

@Suite struct OutputTests {
  private let scratch: Scratch
  private var target: String { scratch.file("out") }

  init() throws { scratch = try Scratch() }

  private struct Interruption: Error {}

  private func write(_ text: String, overwrite: Bool = false, marks: [String] = []) throws {
    try OutputFolder.write(to: target, overwrite: overwrite, marks: marks) { folder in
      try TextFile.write(text, to: folder + "/mark.txt")
    }
  }

  @Test func `a folder appears whole, and nothing else with it`() throws {
    try OutputFolder.write(to: target, overwrite: false) { folder in
      #expect(!FileManager.default.fileExists(atPath: target))
      try TextFile.write("a", to: folder + "/a.txt")
      try FileManager.default.createDirectory(atPath: folder + "/inner", withIntermediateDirectories: false)
      try TextFile.write("b", to: folder + "/inner/b.txt")
    }
    #expect(try scratch.names == ["out"])
    #expect(try TextFile.read(target + "/inner/b.txt") == "b")
  }

  @Test func `a folder that is there is kept unless it is to be overwritten`() throws {
    try write("old")
    let error = #expect(throws: CheckpointError.self) { try write("new") }
    #expect(error == .outputExists(path: target))
    #expect(error?.remedy == "name another place, or pass --overwrite to replace it")
    #expect(try TextFile.read(target + "/mark.txt") == "old")
    try write("new", overwrite: true)
    #expect(try TextFile.read(target + "/mark.txt") == "new")
    #expect(try scratch.names == ["out"])
  }

  @Test func `a folder that appears while the work is under way is kept`() throws {
    #expect(throws: CheckpointError.outputExists(path: target)) {
      try OutputFolder.write(to: target, overwrite: false) { _ in
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
      }
    }
    #expect(try scratch.names == ["out"])
  }

  @Test(arguments: [false, true])
  func `a failure leaves nothing behind and the old folder as it was`(there: Bool) throws {
    if there { try write("old") }
    #expect(throws: Interruption.self) {
      try OutputFolder.write(to: target, overwrite: true) { folder in
        try TextFile.write("half", to: folder + "/mark.txt")
        throw Interruption()
      }
    }
    #expect(try scratch.names == (there ? ["out"] : []))
    if there { #expect(try TextFile.read(target + "/mark.txt") == "old") }
  }

  @Test func `what this program did not make is not overwritten`() throws {
    try write("old")
    #expect(throws: CheckpointError.outputForeign(path: target, reason: "it holds none of adapter.json")) {
      try write("new", overwrite: true, marks: ["adapter.json"])
    }
    try write("new", overwrite: true, marks: ["adapter.json", "mark.txt"])
    #expect(throws: CheckpointError.outputForeign(path: "..", reason: "the current folder lies in it")) {
      try OutputFolder.check("..", overwrite: true)
    }
    let file = try scratch.write("file", "x")
    #expect(throws: CheckpointError.outputForeign(path: file, reason: "it is no folder")) {
      try OutputFolder.check(file, overwrite: true)
    }
    #expect(throws: CheckpointError.outputExists(path: file)) { try OutputFolder.check(file, overwrite: false) }
  }

  @Test func `a missing parent is an error before any work`() throws {
    let path = scratch.file("no/such/out")
    let expected = CheckpointError.parentMissing(path: path, parent: scratch.file("no/such"))
    #expect(throws: expected) {
      try OutputFolder.write(to: path, overwrite: false) { _ in Issue.record("the work was begun") }
    }
    #expect(throws: expected) { try TextFile.write("x", to: path) }
    try scratch.write("file", "x")
    #expect(throws: CheckpointError.self) { try OutputFolder.check(scratch.file("file/out"), overwrite: false) }
    try OutputFolder.check(target, overwrite: false)
    #expect(try scratch.names == ["file"])
  }

  @Test func `a file is replaced whole or not at all`() throws {
    let file = scratch.file("x.txt")
    try TextFile.write("old", to: file)
    #expect(throws: CheckpointError.outputExists(path: file)) { try TextFile.write("new", to: file) }
    #expect(throws: Interruption.self) {
      try AtomicFile.write(to: file, overwrite: true) { sink in
        try sink.write("half")
        throw Interruption()
      }
    }
    #expect(try TextFile.read(file) == "old")
    try TextFile.write("new", to: file, overwrite: true)
    #expect(try TextFile.read(file) == "new")
    #expect(try scratch.names == ["x.txt"])
    #expect(throws: CheckpointError.writeFailed(path: scratch.path, operation: "writing", reason: "it is a folder")) {
      try TextFile.write("x", to: scratch.path, overwrite: true)
    }
  }

  @Test func `a link keeps pointing to its file`() throws {
    let file = try scratch.write("real.txt", "old")
    try FileManager.default.createSymbolicLink(atPath: scratch.file("link.txt"), withDestinationPath: file)
    try TextFile.write("new", to: scratch.file("link.txt"), overwrite: true)
    #expect(try TextFile.read(file) == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scratch.file("link.txt")) == file)
  }

  @Test func `bytes of every size pass the buffer in order`() throws {
    let pieces = [1, 1 << 20, 3, (1 << 20) - 3, (1 << 20) + 1, 5].enumerated().map { i, count in
      [UInt8](repeating: UInt8(i + 1), count: count)
    }
    let file = scratch.file("x")
    try AtomicFile.write(to: file, overwrite: false) { sink in for piece in pieces { try sink.write(piece) } }
    #expect(try contents(file) == Array(pieces.joined()))
  }
}
