#if canImport(Darwin)
  import Darwin  // the numbers of errors
#elseif canImport(Glibc)
  import Glibc
#endif

/// Writes a folder so that its name never stands for half a folder.
public enum OutputFolder {
  /// Lets `body` fill a temporary folder beside `path`, waits until the device has it, and renames it to `path`.
  ///
  /// A failure leaves nothing behind and an old folder as it was. With `overwrite` old and new change places in one step
  /// where the file system offers that (Linux, APFS); elsewhere two renames follow each other, and a failure of the second
  /// undoes the first.
  ///
  /// - Parameters:
  ///   - path: the folder to make; its parent must exist.
  ///   - overwrite: whether a folder that is already there is replaced.
  ///   - marks: if not empty, a folder is replaced only if it is empty or holds one of these names, so that a slip of the
  ///     fingers does not replace somebody's home.
  ///   - body: fills the temporary folder whose path it gets.
  /// - Throws: ``CheckpointError``, or what `body` throws.
  public static func write(
    to path: String, overwrite: Bool, marks: [String] = [], _ body: (_ temporary: String) throws -> Void
  ) throws {
    let place = FileSystem.resolved(path)
    try check(path, place, overwrite: overwrite, marks: marks)
    let temporary = try FileSystem.temporarySibling(of: place) { name throws(CheckpointError) in
      try FileSystem.makeFolder(name, called: path)
    }
    do {
      try body(temporary)
      try FileSystem.sync(temporary, recursive: true)
      try move(temporary, to: place, called: path, overwrite: overwrite)
    } catch {
      FileSystem.remove(temporary)
      throw error
    }
    try FileSystem.sync(FileSystem.split(place).parent)
  }

  /// The checks that ``write(to:overwrite:marks:_:)`` makes first: call it before hours of work, not only after them.
  ///
  /// It tries the place by making and removing a folder.
  public static func check(_ path: String, overwrite: Bool, marks: [String] = []) throws(CheckpointError) {
    let place = FileSystem.resolved(path)
    try check(path, place, overwrite: overwrite, marks: marks)
    let trial = try FileSystem.temporarySibling(of: place) { name throws(CheckpointError) in
      try FileSystem.makeFolder(name, called: path)
    }
    FileSystem.remove(trial)
  }

  private static func check(
    _ path: String, _ place: String, overwrite: Bool, marks: [String]
  ) throws(CheckpointError) {
    let parent = FileSystem.split(place).parent
    switch try FileSystem.kind(of: parent) {
    case nil: throw .parentMissing(path: path, parent: parent)
    case .folder: break
    default: throw .writeFailed(path: path, operation: "making the folder", reason: "'\(parent)' is no folder")
    }
    guard let kind = try FileSystem.kind(of: place) else { return }
    guard overwrite else { throw .outputExists(path: path) }
    guard kind == .folder else { throw .outputForeign(path: path, reason: "it is no folder") }
    let current = FileSystem.resolved(".")
    guard current != place, !current.hasPrefix(FileSystem.join(place, "")) else {
      throw .outputForeign(path: path, reason: "the current folder lies in it")
    }
    let names = try FileSystem.names(in: place)
    guard marks.isEmpty || names.isEmpty || names.contains(where: marks.contains) else {
      throw .outputForeign(path: path, reason: "it holds none of \(marks.joined(separator: ", "))")
    }
  }

  private static func move(
    _ temporary: String, to place: String, called path: String, overwrite: Bool
  ) throws(CheckpointError) {
    var code = FileSystem.rename(temporary, to: place, .refuse)
    if FileSystem.isUnsupported(code) {
      // Without help of the file system a rename replaces an empty folder at most, and fails for a full one.
      code = FileSystem.rename(temporary, to: place, .replace)
      if code == ENOTEMPTY { code = EEXIST }
    }
    guard overwrite, code == EEXIST else {
      if code != 0 { throw .writing(path, "renaming", code) }
      return
    }
    code = FileSystem.rename(temporary, to: place, .exchange)
    if code == 0 { return FileSystem.remove(temporary) }  // it holds the old folder now
    guard FileSystem.isUnsupported(code) else { throw .writing(path, "renaming", code) }
    let old = temporary + ".old"
    code = FileSystem.rename(place, to: old, .replace)
    guard code == 0 else { throw .writing(path, "renaming", code) }
    code = FileSystem.rename(temporary, to: place, .replace)
    guard code == 0 else {
      _ = FileSystem.rename(old, to: place, .replace)
      throw .writing(path, "renaming", code)
    }
    FileSystem.remove(old)
  }
}
