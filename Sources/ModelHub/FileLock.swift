#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// A lock between processes: that of huggingface_hub on the same file, so that programs in Python wait for us and we for them.
enum FileLock {
  /// Waits for the lock, and holds it while the body runs; the end of a process, however it comes, frees it.
  ///
  /// Some file systems have no locks. Two processes may then write to one partial file; that shows in its hash.
  static func held<Result>(_ path: String, _ body: () throws(HubError) -> Result) throws(HubError) -> Result {
    try FilePlace.makeFolder(FilePlace.parent(of: path))
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .file(path: path, operation: "making the lock") }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
    return try body()
  }
}
