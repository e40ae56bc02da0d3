/// A file of `torch.save`: a ZIP archive with a pickle, which is run without reach to anything but tensors, and storages.
///
/// Layout: torch/serialization.py (`_save`): `NAME/data.pkl`, `NAME/data/KEY` for each storage, `NAME/byteorder`.
public struct TorchArchive: Sendable {
  /// The path as given.
  public let path: String
  /// What was saved.
  public let root: TorchValue

  /// Maps the file and runs its pickle; no storage is read.
  ///
  /// - Throws: ``CheckpointError``; a pickle that names anything but tensors and dictionaries of them is
  ///   ``CheckpointError/unsupported(file:what:remedy:)``.
  public init(_ path: String) throws(CheckpointError) {
    try Self.checkKind(of: path)
    let archive = try ZIPArchive(path)
    let programs = archive.members.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard let name = programs.first, programs.count == 1 else {
      throw .malformed(
        file: path, place: "directory of the archive",
        problem: "expected one 'data.pkl', got \(programs.count): this was not written by torch.save")
    }
    let folder = String(name.dropLast("data.pkl".count))
    let file = archive.file
    defer { withExtendedLifetime(file) {} }
    if let order = archive.members[folder + "byteorder"], !file.bytes[order].elementsEqual("little".utf8) {
      throw .unsupported(
        file: path, what: "a big-endian archive", remedy: "load it with torch and save it on a little-endian machine")
    }
    let program = archive.members[name] ?? 0..<0
    var machine = PickleMachine(
      UnsafeRawBufferPointer(rebasing: file.bytes[program]), file: path
    ) { (key: String) throws(CheckpointError) in
      guard let range = archive.members["\(folder)data/\(key)"] else {
        throw .malformed(file: path, place: "directory of the archive", problem: "the storage '\(key)' is missing")
      }
      return file.part(range)
    }
    self.path = path
    root = try machine.run()
  }

  /// Tells the other things that are called `.bin`, `.pt` and `.pth` apart.
  private static func checkKind(of path: String) throws(CheckpointError) {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    if file.bytes.starts(with: ZIPArchive.magic) { return }
    if let error = file.placeholder { throw error }
    // PROTO 2, LONG1 of ten bytes: the magic number of torch's own format before its version 1.6.
    let beforeArchives: [UInt8] = [0x80, 0x02, 0x8A, 0x0A]
    if file.bytes.starts(with: beforeArchives) {
      throw .unsupported(
        file: path, what: "torch's format before version 1.6",
        remedy: "load it with a current torch and save it again: torch.save(torch.load(path, weights_only=True), path)")
    }
    if file.bytes.first == 0x80 {
      throw .unsupported(file: path, what: "a bare pickle", remedy: "save its tensors with torch.save")
    }
    if file.count < ZIPArchive.magic.count {
      throw .truncated(file: path, part: "the first four bytes", needed: 4, got: UInt64(file.count))
    }
    throw .malformed(
      file: path, place: "first four bytes", problem: "expected 'PK': this was not written by torch.save")
  }

  /// The tensors of a file that holds a dictionary of them, in its order.
  ///
  /// - Throws: ``CheckpointError/malformed(file:place:problem:)`` for anything else, for a name that stands twice too.
  public func tensors() throws(CheckpointError) -> [(name: String, tensor: TorchTensor)] {
    guard case .dictionary(let members) = root else {
      throw .malformed(file: path, place: "", problem: "expected a dictionary of tensors, got \(root.kind)")
    }
    var names: Set<String> = []
    var tensors: [(name: String, tensor: TorchTensor)] = []
    for (key, value) in members {
      guard case .string(let name) = key else {
        throw .malformed(file: path, place: "", problem: "the names of tensors must be strings, got \(key.kind)")
      }
      guard case .tensor(let tensor) = value else {
        throw .malformed(file: path, place: "'\(name)'", problem: "expected a tensor, got \(value.kind)")
      }
      guard names.insert(name).inserted else {
        throw .malformed(file: path, place: "", problem: "the tensor '\(name)' stands twice")
      }
      tensors.append((name, tensor))
    }
    return tensors
  }
}
