import Foundation
import JSON
import Testing

@testable import Checkpoints

/// A file system of its own in memory, as small or as forbidding as a test needs; only root on Linux can have one.
private final class SmallDisk {
  let scratch: Scratch
  var path: String { scratch.file("disk") }

  static let isPossible: Bool = {
    guard let disk = try? SmallDisk("size=64k") else { return false }
    return FileManager.default.fileExists(atPath: disk.path)
  }()

  struct Refused: Error {}

  init(_ options: String) throws {
    scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try Self.run(["mount", "-t", "tmpfs", "-o", options, "none", path])
  }

  deinit { try? Self.run(["umount", path]) }

  static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Refused() }
  }

  /// Waits for the kernel to count as free what was just deleted, which it may do a moment later.
  func waitForRoom(_ bytes: Int) throws {
    for _ in 0..<200 {
      let facts = try FileManager.default.attributesOfFileSystem(forPath: path)
      if let free = facts[.systemFreeSize] as? NSNumber, free.intValue >= bytes { return }
      usleep(10_000)
    }
  }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

@Suite struct OutputFailureTests {
  private let large = WritableTensor(name: "x", shape: [1 << 16], floats: [Float](repeating: 1, count: 1 << 16))

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full here"))
  func `a device that is full is told from other failures`() throws {
    let sink = try FileSink("/dev/full", called: "out.safetensors", creating: false)
    #expect(throws: CheckpointError.diskFull(path: "out.safetensors")) {
      try sink.write("x")
      try sink.finish()
    }
    let direct = try FileSink("/dev/full", called: "out.safetensors", creating: false)
    #expect(throws: CheckpointError.diskFull(path: "out.safetensors")) {
      try direct.write([UInt8](repeating: 0, count: 1 << 21))
    }
  }

  @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root on Linux"))
  func `a full disk leaves nothing behind, whoever writes`() throws {
    let disk = try SmallDisk("size=64k")
    let file = disk.path + "/x.safetensors"
    #expect(throws: CheckpointError.diskFull(path: file)) { try SafetensorsWriter.write(to: file, tensors: [large]) }
    #expect(try disk.names.isEmpty)
    let array = NPYArray(shape: [1 << 15], elements: .int64([Int64](repeating: 1, count: 1 << 15)))
    #expect(throws: CheckpointError.diskFull(path: file)) { try array.write(to: file) }
    #expect(try disk.names.isEmpty)
    let error = #expect(throws: CheckpointError.self) {
      try AdapterFolder.write(to: disk.path + "/adapter", configuration: [:], tensors: [large])
    }
    guard case .diskFull = error else {
      Issue.record("expected a full disk, got \(String(describing: error))")
      return
    }
    #expect(try disk.names.isEmpty)
    // What fits is written, so the disk itself was in order.
    try disk.waitForRoom(32 << 10)
    try AdapterFolder.write(to: disk.path + "/adapter", configuration: [:], tensors: [])
    #expect(try disk.names == ["adapter"])
  }

  @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root on Linux"))
  func `a full disk keeps the old folder`() throws {
    let disk = try SmallDisk("size=64k")
    let path = disk.path + "/adapter"
    try AdapterFolder.write(to: path, configuration: ["old": true], tensors: [])
    #expect(throws: CheckpointError.self) {
      try AdapterFolder.write(to: path, configuration: ["old": false], tensors: [large], overwrite: true)
    }
    #expect(try disk.names == ["adapter"])
    #expect(try AdapterFolder(opening: path).configuration.bool("old"))
  }

  @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root on Linux"))
  func `a read-only disk is an error before any work`() throws {
    let disk = try SmallDisk("size=64k,ro")
    let path = disk.path + "/out"
    let expected = CheckpointError.readOnly(path: path, reason: "Read-only file system")
    #expect(throws: expected) { try OutputFolder.check(path, overwrite: false) }
    #expect(throws: expected) {
      try OutputFolder.write(to: path, overwrite: false) { _ in Issue.record("the work was begun") }
    }
    #expect(throws: expected) { try TextFile.write("x", to: path) }
  }

  @Test(.enabled(if: getuid() != 0, "root may write to every folder"))
  func `a folder without the right to write is an error before any work`() throws {
    let scratch = try Scratch()
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: scratch.path)
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path) }
    let path = scratch.file("out")
    #expect(throws: CheckpointError.readOnly(path: path, reason: "Permission denied")) {
      try OutputFolder.write(to: path, overwrite: false) { _ in Issue.record("the work was begun") }
    }
  }
}
