#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

extension FileSystem {
  /// How a rename treats what is already at the new place.
  enum RenameMode { case replace, refuse, exchange }

  /// Renames in one step; the number of the error, 0 for success.
  ///
  /// `refuse` and `exchange` need the help of the file system and give EINVAL or ENOSYS where it does not offer it.
  static func rename(_ from: String, to: String, _ mode: RenameMode) -> Int32 {
    #if canImport(Darwin)
      let result =
        switch mode {
        case .replace: Darwin.rename(from, to)
        case .refuse: renamex_np(from, to, UInt32(RENAME_EXCL))
        case .exchange: renamex_np(from, to, UInt32(RENAME_SWAP))
        }
    #else
      let result: Int32
      if mode == .replace {
        result = Glibc.rename(from, to)
      } else {
        // renameat2 is hidden from Swift by a feature macro of the C headers.
        typealias Call = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = dlsym(nil, "renameat2") else { return ENOSYS }
        let (noReplace, exchange): (UInt32, UInt32) = (1, 2)
        result = unsafeBitCast(symbol, to: Call.self)(
          AT_FDCWD, from, AT_FDCWD, to, mode == .refuse ? noReplace : exchange)
      }
    #endif
    return result == 0 ? 0 : errno
  }

  /// Whether a rename failed because the file system does not offer the mode.
  static func isUnsupported(_ code: Int32) -> Bool { code == EINVAL || code == ENOSYS || code == ENOTSUP }

  /// A name beside `path` that is hidden, tells what it is for, and is free when `create` succeeds on it.
  static func temporarySibling(
    of path: String, create: (String) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> String {
    let (parent, name) = split(path)
    guard !name.isEmpty else {
      throw .writeFailed(path: path, operation: "writing", reason: "the path must end in a name")
    }
    for attempt in 0..<1000 {
      let candidate = join(parent, ".\(name).partial-\(getpid())-\(attempt)")
      var info = stat()
      if lstat(candidate, &info) == 0 { continue }
      do throws(CheckpointError) {
        try create(candidate)
        return candidate
      } catch .outputExists {
        continue  // another thread was faster
      }
    }
    throw .writeFailed(path: path, operation: "finding a temporary name", reason: "a thousand of them are taken")
  }

  static func makeFolder(_ path: String, called name: String) throws(CheckpointError) {
    guard mkdir(path, 0o777) == 0 else { throw .writing(name, "making the folder") }
  }

  /// Removes a file or a folder with all it holds; links are removed, not followed. What cannot be removed stays.
  static func remove(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    if info.st_mode & S_IFMT == S_IFDIR {
      for name in (try? names(in: path)) ?? [] { remove(join(path, name)) }
      rmdir(path)
    } else {
      unlink(path)
    }
  }

  /// Waits until the device has a file or folder; `recursive` includes everything within.
  static func sync(_ path: String, recursive: Bool = false) throws(CheckpointError) {
    if recursive, try kind(of: path) == .folder {
      for name in try names(in: path) { try sync(join(path, name), recursive: true) }
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .writing(path, "opening") }
    defer { close(descriptor) }
    // Some file systems cannot sync folders and say EINVAL; the rename is then as safe as they make it.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw .writing(path, "writing to the device")
    }
  }

  /// The path without links and dots; the path itself where nothing is there.
  static func resolved(_ path: String) -> String {
    guard let pointer = realpath(path, nil) else { return path }
    defer { free(pointer) }
    return String(cString: pointer)
  }
}
