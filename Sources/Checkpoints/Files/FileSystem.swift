#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// The few questions to the file system that this room asks, with its own errors.
enum FileSystem {
  enum Kind { case file, folder, other }

  /// The text of the last failed call.
  static func reason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

  /// What lies at the path, links followed; `nil` for nothing.
  static func kind(of path: String) throws(CheckpointError) -> Kind? {
    var info = stat()
    guard stat(path, &info) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw .unreadable(path: path, reason: reason())
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// The names in a folder, sorted, without `.` and `..`.
  static func names(in folder: String) throws(CheckpointError) -> [String] {
    guard let stream = opendir(folder) else { throw .unreadable(path: folder, reason: reason()) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// A whole text file, which must be UTF-8.
  static func text(of path: String) throws(CheckpointError) -> String {
    let file = try MappedFile(path)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw .malformed(file: path, place: "", problem: "the text is not valid UTF-8")
    }
    return text
  }

  /// `folder/name`.
  static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// Splits a path into its folder and its last name; trailing slashes do not count.
  static func split(_ path: String) -> (parent: String, name: String) {
    var path = path[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
    let name = String(path[path.index(after: slash)...])
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
  }
}
