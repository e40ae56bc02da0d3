#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// The few things that this room does to the file system, with its own errors.
enum FilePlace {
  /// Whether something lies at the path, links followed.
  static func exists(_ path: String) -> Bool {
    var info = stat()
    return stat(path, &info) == 0
  }

  /// The bytes of a file, links followed; `nil` where there is no file.
  static func fileSize(_ path: String) -> Int? {
    var info = stat()
    guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(info.st_size)
  }

  /// A whole text file, such as an index or a reference: small, and UTF-8.
  static func text(of path: String) throws(HubError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(path: path, operation: "opening") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &piece, piece.count)
      guard count >= 0 else { throw .file(path: path, operation: "reading") }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .file(path: path, operation: "reading", reason: "the text is not valid UTF-8")
    }
    return text
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws(HubError) {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw .file(path: path, operation: "making the folder")
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .file(path: path, operation: "making the folder") }
  }

  /// The folder that holds what the path names.
  static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  /// Makes a small file or replaces it in one step.
  static func write(_ text: String, to path: String) throws(HubError) {
    try replace(path, "writing") { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      let bytes = Array(text.utf8)
      return writeBytes(bytes, descriptor) == bytes.count && fsync(descriptor) == 0
    }
  }

  /// Makes a link or replaces it in one step.
  static func link(_ path: String, to target: String) throws(HubError) {
    try replace(path, "making the link") { symlink(target, $0) == 0 }
  }

  /// The bytes that a user may still write to the file system of a folder.
  static func freeBytes(_ folder: String) -> Int? {
    var info = statvfs()
    guard statvfs(folder, &info) == 0 else { return nil }
    let (bytes, overflow) = UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize))
    return overflow ? .max : Int(clamping: bytes)
  }

  /// - Parameter make: makes something under a name that nobody has, else fails with the system's error.
  private static func replace(
    _ path: String, _ operation: String, _ make: (String) -> Bool
  ) throws(HubError) {
    try makeFolder(parent(of: path))
    for attempt in 0..<1000 {
      let temporary = "\(path).partial-\(getpid())-\(attempt)"
      if make(temporary) {
        guard rename(temporary, path) != 0 else { return }
        let error = HubError.file(path: path, operation: "renaming")
        unlink(temporary)
        throw error
      }
      if errno == EEXIST { continue }  // another thread is at it
      let error = HubError.file(path: path, operation: operation)
      unlink(temporary)
      throw error
    }
    throw .file(path: path, operation: operation, reason: "a thousand temporary names are taken")
  }
}

/// The system's call, whose name the function above takes.
private func writeBytes(_ bytes: [UInt8], _ descriptor: Int32) -> Int { write(descriptor, bytes, bytes.count) }
