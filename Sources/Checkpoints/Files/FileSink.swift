#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// A file being written: buffered, with errors that tell a full disk from a forbidden folder.
final class FileSink {
  /// What errors call the file: the place that the user named, not the temporary one.
  private let name: String
  private let descriptor: Int32
  private let buffer: UnsafeMutableRawBufferPointer
  private var gathered = 0
  private var isOpen = true
  private(set) var count = 0

  private static let capacity = 1 << 20

  /// Creates a file that must not exist yet, or opens one that takes all bytes, such as a device.
  init(_ path: String, called name: String, creating: Bool = true) throws(CheckpointError) {
    descriptor = open(path, O_WRONLY | O_CLOEXEC | (creating ? O_CREAT | O_EXCL : 0), 0o666)
    self.name = name
    buffer = .allocate(byteCount: Self.capacity, alignment: 16)
    guard descriptor >= 0 else { throw .writing(name, "creating the file") }
  }

  deinit {
    if isOpen, descriptor >= 0 { _ = close(descriptor) }
    buffer.deallocate()
  }

  /// Appends bytes; small pieces are gathered, large ones go straight to the file.
  func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    count += bytes.count
    if gathered + bytes.count > Self.capacity { try flush() }
    if bytes.count > Self.capacity { return try put(bytes) }
    UnsafeMutableRawBufferPointer(rebasing: buffer[gathered...]).copyMemory(from: bytes)
    gathered += bytes.count
  }

  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Writes what is gathered, waits until the device has it, and closes.
  func finish() throws(CheckpointError) {
    try flush()
    // A disk may report that it is full only now.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .writing(name, "writing to the device") }
    isOpen = false
    guard close(descriptor) == 0 else { throw .writing(name, "closing the file") }
  }

  private func flush() throws(CheckpointError) {
    defer { gathered = 0 }
    try put(UnsafeRawBufferPointer(rebasing: buffer[..<gathered]))
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Darwin)
        let written = Darwin.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, min(rest.count, 1 << 30))
      #else
        let written = Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, min(rest.count, 1 << 30))
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw .writing(name, "writing")
      }
      rest = rest.dropFirst(written)
    }
  }
}

extension CheckpointError {
  /// The error of the last failed call of the operating system while writing.
  static func writing(_ path: String, _ operation: String, _ code: Int32 = errno) -> CheckpointError {
    switch code {
    case ENOSPC, EDQUOT: .diskFull(path: path)
    case EACCES, EPERM, EROFS: .readOnly(path: path, reason: FileSystem.reason(code))
    case ENOENT: .parentMissing(path: path, parent: FileSystem.split(path).parent)
    case EEXIST, ENOTEMPTY: .outputExists(path: path)
    default: .writeFailed(path: path, operation: operation, reason: FileSystem.reason(code))
    }
  }
}
