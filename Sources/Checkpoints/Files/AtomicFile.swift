/// Writes a file so that its name never stands for half a file: beside it first, then renamed.
enum AtomicFile {
  /// Writes what `body` puts into the sink. A failure leaves nothing behind, and an old file as it was.
  ///
  /// - Parameter overwrite: whether a file that is already there is replaced.
  static func write(to path: String, overwrite: Bool, _ body: (FileSink) throws -> Void) throws {
    if !overwrite, try FileSystem.kind(of: path) != nil { throw CheckpointError.outputExists(path: path) }
    if try FileSystem.kind(of: path) == .folder {
      throw CheckpointError.writeFailed(path: path, operation: "writing", reason: "it is a folder")
    }
    // A link keeps pointing to its file.
    let place = FileSystem.resolved(path)
    var sink: FileSink?
    let temporary = try FileSystem.temporarySibling(of: place) { name throws(CheckpointError) in
      sink = try FileSink(name, called: path)
    }
    guard let sink else { return }
    do {
      try body(sink)
      try sink.finish()
      var code = FileSystem.rename(temporary, to: place, overwrite ? .replace : .refuse)
      if !overwrite, FileSystem.isUnsupported(code) { code = FileSystem.rename(temporary, to: place, .replace) }
      guard code == 0 else { throw CheckpointError.writing(path, "renaming", code) }
    } catch {
      FileSystem.remove(temporary)
      throw error
    }
    try FileSystem.sync(FileSystem.split(place).parent)
  }
}

/// Text files: results, reports, recipes.
public enum TextFile {
  /// The whole text, which must be UTF-8.
  public static func read(_ path: String) throws(CheckpointError) -> String { try FileSystem.text(of: path) }

  /// Writes the text in one step.
  ///
  /// - Throws: ``CheckpointError``; an existing file is an error unless `overwrite` says otherwise.
  public static func write(_ text: String, to path: String, overwrite: Bool = false) throws {
    try AtomicFile.write(to: path, overwrite: overwrite) { try $0.write(text) }
  }
}
