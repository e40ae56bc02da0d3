extension MappedFile {
  /// What to say where the file is not what its name says but stands in its place; `nil` where it may be the file itself.
  ///
  /// Cloning a repository without Git LFS leaves a few lines of text in place of each large file; a download that failed often
  /// leaves the web page that told so.
  var placeholder: CheckpointError? {
    let beginning = String(decoding: bytes.prefix(64), as: UTF8.self).lowercased()
    if beginning.hasPrefix("version https://git-lfs") {
      return .unsupported(
        file: path, what: "a pointer of Git LFS, which stands in place of the file,",
        remedy: "fetch the file itself: git lfs pull in the repository, or download it")
    }
    if beginning.hasPrefix("<!doctype html") || beginning.hasPrefix("<html") {
      return .unsupported(
        file: path, what: "a web page, which stands in place of the file,",
        remedy: "fetch the file itself: the page may say why the download was refused")
    }
    return nil
  }
}
