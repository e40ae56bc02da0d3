import Checkpoints

/// An adapter ready to be written: its files, each of which writes itself.
public struct EncodedAdapter {
  typealias File = (name: String, write: (_ path: String) throws -> Void)

  private enum Layout {
    /// A folder, which replaces only folders that hold one of the marks.
    case folder([File], marks: [String])
    case file((_ path: String, _ overwrite: Bool) throws -> Void)
  }

  private let layout: Layout

  /// A folder of files.
  init(folder files: [File], marks: [String]) { layout = .folder(files, marks: marks) }

  /// One file.
  init(file write: @escaping (_ path: String, _ overwrite: Bool) throws -> Void) { layout = .file(write) }

  /// Writes folder or file in one step.
  func write(to path: String, overwrite: Bool) throws {
    switch layout {
    case .file(let write): try write(path, overwrite)
    case .folder(let files, let marks):
      try OutputFolder.write(to: path, overwrite: overwrite, marks: marks) { folder in
        for file in files { try file.write("\(folder)/\(file.name)") }
      }
    }
  }
}
