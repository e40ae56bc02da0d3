public import Diagnostics
public import JSON

/// What can be wrong with files that are read, and with places that are written to.
public enum CheckpointError: Diagnostic {
  // Reading.

  /// Nothing lies at the path.
  case notFound(path: String, expected: String)
  /// Something lies at the path, but it is no model.
  case notACheckpoint(path: String, found: String, remedy: String)
  /// Something lies at the path, but it is no adapter.
  case notAnAdapter(path: String, found: String, remedy: String)
  /// The operating system refused to open or read.
  case unreadable(path: String, reason: String)
  /// The file ends before a part that its header announces.
  case truncated(file: String, part: String, needed: UInt64, got: UInt64)
  /// The file contradicts itself or its format.
  case malformed(file: String, place: String, problem: String)
  /// A version, layout or architecture that is not read here.
  case unsupported(file: String, what: String, remedy: String)
  /// A tensor is stored in a type that is not read here.
  case unsupportedType(file: String, tensor: String, type: String, supported: [String])
  /// A tensor was asked for that is not there.
  case missingTensor(name: String, source: String, nearest: String?)
  /// The index names a file that is not there.
  case missingShard(index: String, shard: String, tensors: Int)
  /// The index says that a shard holds a tensor, and it does not.
  case missingFromShard(index: String, shard: String, tensor: String)
  /// A tensor's values were asked for as another kind of number than they are.
  case wrongKind(file: String, tensor: String, expected: String, got: String)
  /// A JSON file, or a header in JSON, is wrong.
  case json(JSONError)
  /// Several of these, found in one pass.
  case several(DiagnosticGroup)

  // Writing.

  /// The place to write to is taken.
  case outputExists(path: String)
  /// The place to overwrite holds something that this program did not make.
  case outputForeign(path: String, reason: String)
  /// The folder to write into does not exist.
  case parentMissing(path: String, parent: String)
  /// No room is left on the device.
  case diskFull(path: String)
  /// The folder does not allow writing.
  case readOnly(path: String, reason: String)
  /// Another failure of the operating system while writing.
  case writeFailed(path: String, operation: String, reason: String)
  /// A tensor to be written is not what its shape and type say.
  case wrongTensor(file: String, tensor: String, problem: String)

  /// One error for several: `nil` for none, the error itself for one.
  init?(_ errors: [CheckpointError]) {
    guard let first = errors.first else { return nil }
    if errors.count > 1, let group = DiagnosticGroup(errors) { self = .several(group) } else { self = first }
  }

  public var problem: String {
    switch self {
    case .notFound(_, let expected): "there is no \(expected)"
    case .notACheckpoint(_, let found, _): "expected a model folder or a .gguf file, found \(found)"
    case .notAnAdapter(_, let found, _): "expected an adapter folder, found \(found)"
    case .unreadable(_, let reason): "the file cannot be read: \(reason)"
    case .truncated(_, let part, let needed, let got):
      "the file is cut off in \(part): \(needed) bytes are needed, \(got) are there"
    case .malformed(_, _, let problem): problem
    case .unsupported(_, let what, _): "\(what) cannot be read"
    case .unsupportedType(_, let tensor, let type, _): "tensor '\(tensor)' is stored as \(type), which cannot be read"
    case .missingTensor(let name, _, _): "there is no tensor '\(name)'"
    case .missingShard(_, let shard, let tensors):
      "the shard '\(shard)', which should hold \(tensors) tensors, is missing"
    case .missingFromShard(_, let shard, let tensor): "the shard '\(shard)' does not hold the tensor '\(tensor)'"
    case .wrongKind(_, let tensor, let expected, let got): "tensor '\(tensor)' must hold \(expected), got \(got)"
    case .json(let error): error.problem
    case .several(let group): group.problem
    case .outputExists: "the output is already there"
    case .outputForeign(_, let reason): "what is there was not made by this program: \(reason)"
    case .parentMissing(_, let parent): "the folder '\(parent)' does not exist"
    case .diskFull: "no space is left on the device"
    case .readOnly(_, let reason): "the folder does not allow writing: \(reason)"
    case .writeFailed(_, let operation, let reason): "\(operation) failed: \(reason)"
    case .wrongTensor(_, let tensor, let problem): "tensor '\(tensor)' \(problem)"
    }
  }

  public var location: String {
    switch self {
    case .notFound(let path, _), .notACheckpoint(let path, _, _), .notAnAdapter(let path, _, _),
      .unreadable(let path, _):
      path
    case .truncated(let file, _, _, _): file
    case .malformed(let file, let place, _): place.isEmpty ? file : "\(file), \(place)"
    case .unsupported(let file, _, _), .unsupportedType(let file, _, _, _), .wrongKind(let file, _, _, _): file
    case .missingTensor(_, let source, _): source
    case .missingShard(let index, _, _), .missingFromShard(let index, _, _): index
    case .json(let error): error.location
    case .several(let group): group.location
    case .outputExists(let path), .outputForeign(let path, _), .parentMissing(let path, _), .diskFull(let path),
      .readOnly(let path, _), .writeFailed(let path, _, _):
      path
    case .wrongTensor(let file, _, _): file
    }
  }

  public var remedy: String? {
    switch self {
    case .notFound: "check the path"
    case .notACheckpoint(_, _, let remedy), .notAnAdapter(_, _, let remedy), .unsupported(_, _, let remedy): remedy
    case .unreadable: "check the permissions of the file"
    case .truncated: "fetch the file again: the download or copy was not complete"
    case .malformed: "fetch the file again, or ask whoever made it"
    case .unsupportedType(_, _, _, let supported):
      "convert the model to one of: \(supported.joined(separator: ", "))"
    case .missingTensor(_, _, let nearest): nearest.map { "there is '\($0)': was that meant?" }
    case .missingShard: "fetch the missing file into the folder of the index"
    case .missingFromShard: "fetch the index and its shards again from one source"
    case .wrongKind: nil
    case .json(let error): error.remedy
    case .several(let group): group.remedy
    case .outputExists: "name another place, or pass --overwrite to replace it"
    case .outputForeign: "name another place, or remove it yourself"
    case .parentMissing(_, let parent): "make it first: mkdir -p '\(parent)'"
    case .diskFull: "free some space or name a place on another disk; nothing was left behind"
    case .readOnly: "name a place that you may write to"
    case .writeFailed: nil
    case .wrongTensor: nil
    }
  }

  // A group prints its members one below the other.
  public var description: String {
    switch self {
    case .several(let group): return group.description
    default:
      let first = location.isEmpty ? problem : "\(problem) (\(location))"
      guard let remedy else { return first }
      return first + "\nfix: " + remedy
    }
  }
}
