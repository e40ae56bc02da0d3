#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Bytes that are there as long as the object: in memory, or in a file without a name, which nothing is left of in the end.
public final class ScratchBytes {
  /// The bytes, zero at first; valid only while the object lives.
  public let bytes: UnsafeMutableRawBufferPointer

  /// Takes memory; pages are used as they are written.
  ///
  /// - Throws: ``CheckpointError/writeFailed(path:operation:reason:)`` where the system has no addresses left.
  public init(inMemory count: Int) throws(CheckpointError) {
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    bytes = try Self.mapped(count, flags, -1, place: "memory")
  }

  /// Takes room on the disk of a folder: all of it now, so that it cannot run out later.
  ///
  /// - Throws: ``CheckpointError/diskFull(path:)`` and whatever else is wrong with the folder.
  public init(onDiskOf folder: String, count: Int) throws(CheckpointError) {
    var template = Array(FileSystem.join(folder, ".scratch-XXXXXX").utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { throw .writing(folder, "making a scratch file", errno) }
    defer { close(file) }
    // Without a name it goes away with the process, however that ends.
    unlink(template)
    #if canImport(Darwin)
      let code = ftruncate(file, off_t(count)) == 0 ? 0 : errno
    #else
      let code = posix_fallocate(file, 0, off_t(max(1, count)))
    #endif
    guard code == 0 else { throw .writing(folder, "taking room for a scratch file", code) }
    bytes = try Self.mapped(count, MAP_SHARED, file, place: folder)
  }

  deinit { munmap(bytes.baseAddress, max(1, bytes.count)) }

  private static func mapped(
    _ count: Int, _ flags: Int32, _ file: Int32, place: String
  ) throws(CheckpointError) -> UnsafeMutableRawBufferPointer {
    let address = mmap(nil, max(1, count), PROT_READ | PROT_WRITE, flags, file, 0)
    guard let address, address != MAP_FAILED else { throw .writing(place, "mapping scratch room", errno) }
    return UnsafeMutableRawBufferPointer(start: address, count: count)
  }
}
