#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// A file mapped into memory for reading: pages are fetched on first touch and shared between processes.
///
/// The file must not shrink while it is mapped; every writer of this room replaces files by renaming, which is safe.
public final class MappedFile: Sendable {
  /// The path as given, for error messages.
  public let path: String
  /// The size in bytes.
  public let count: Int

  // Safe to share: the pages are read-only for the life of the object, and only `deinit` unmaps them.
  private nonisolated(unsafe) let base: UnsafeRawPointer?

  /// Maps a regular file.
  public init(_ path: String) throws(CheckpointError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path, expected: "such file") }
      throw .unreadable(path: path, reason: FileSystem.reason())
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .unreadable(path: path, reason: FileSystem.reason()) }
    guard info.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "it is not a regular file") }
    self.path = path
    count = Int(info.st_size)
    if count == 0 {
      base = nil  // mmap refuses an empty range
    } else {
      guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
        throw .unreadable(path: path, reason: FileSystem.reason())
      }
      base = UnsafeRawPointer(address)
    }
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }

  /// All bytes; valid only while the object lives.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// A part of the file that keeps the mapping alive.
  ///
  /// - Precondition: the range lies within the file.
  func part(_ range: Range<Int>) -> MappedBytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return MappedBytes(owner: self, offset: range.lowerBound, count: range.count)
  }
}

/// Bytes inside a mapped file, without a copy.
public struct MappedBytes: Sendable {
  /// Keeps the mapping alive: whoever keeps `pointer` must keep this.
  public let owner: MappedFile
  let offset: Int
  /// The number of bytes.
  public let count: Int

  /// The first byte; valid only while `owner` lives. An empty part may point anywhere.
  public var pointer: UnsafeRawPointer {
    guard count > 0, let base = owner.bytes.baseAddress else {
      return UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    }
    return base + offset
  }

  /// Tells the system that the whole pages of these bytes are not needed soon; they stay readable, fetched again on touch.
  ///
  /// Pages that the bytes share with their neighbours are left alone.
  func release() {
    let page = sysconf(Int32(_SC_PAGESIZE))
    guard page > 0 else { return }
    let begin = (offset + page - 1) / page * page
    let end = (offset + count) / page * page
    guard begin < end, let base = owner.bytes.baseAddress else { return }
    // Advice only: should it fail, memory is used longer and nothing else happens. The mapping is private and never
    // written to, so nothing can be lost.
    _ = madvise(UnsafeMutableRawPointer(mutating: base + begin), end - begin, MADV_DONTNEED)
    withExtendedLifetime(owner) {}
  }

  /// Runs `body` on the bytes with the mapping kept alive.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeRawBufferPointer(start: pointer, count: count))
  }
}
