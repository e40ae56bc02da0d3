import JSON

/// `model.safetensors.index.json`: which shard holds which tensor.
struct ShardIndex {
  let path: String
  /// Tensor names of each shard, both in the order of the index.
  private(set) var shards: [(file: String, tensors: [String])] = []

  init(_ path: String) throws(CheckpointError) {
    self.path = path
    let root = try JSONReader(file: path)
    let map: JSONReader
    do {
      map = try root.reader("weight_map")
    } catch {
      throw .json(error)
    }
    var places: [String: Int] = [:]
    for (tensor, value) in map.object {
      guard let shard = value.string else {
        throw .json(.type(key: tensor, expected: "a string", got: value.kind, source: map.source))
      }
      // A shard lies beside its index: a path would lead out of the folder.
      guard !shard.isEmpty, !shard.utf8.contains(UInt8(ascii: "/")), shard != "..", shard != "." else {
        throw .malformed(file: path, place: "tensor '\(tensor)'", problem: "'\(shard)' is no name of a shard")
      }
      if let place = places[shard] {
        shards[place].tensors.append(tensor)
      } else {
        places[shard] = shards.count
        shards.append((shard, [tensor]))
      }
    }
    guard !shards.isEmpty else { throw .malformed(file: path, place: "'weight_map'", problem: "it names no tensor") }
  }

  /// Opens every shard; everything that is missing is reported at once.
  func tensors(in folder: String, _ names: Set<String>) throws(CheckpointError) -> [StoredTensor] {
    var errors: [CheckpointError] = []
    var result: [StoredTensor] = []
    var homes: [String: String] = [:]
    for (shard, tensors) in shards { for tensor in tensors { homes[tensor] = shard } }
    for (shard, wanted) in shards.sorted(by: { $0.file < $1.file }) {
      guard names.contains(shard) else {
        errors.append(.missingShard(index: path, shard: shard, tensors: wanted.count))
        continue
      }
      let file: SafetensorsFile
      do throws(CheckpointError) {
        file = try SafetensorsFile(FileSystem.join(folder, shard))
      } catch {
        errors.append(error)
        continue
      }
      let present = Set(file.tensors.map(\.name))
      for name in wanted where !present.contains(name) {
        errors.append(.missingFromShard(index: path, shard: shard, tensor: name))
      }
      for tensor in file.tensors {
        // The index decides; a tensor that it does not name is loaded as well, as transformers does.
        if homes[tensor.name] == nil { homes[tensor.name] = shard }
        if homes[tensor.name] == shard { result.append(tensor) }
      }
    }
    if let error = CheckpointError(errors) { throw error }
    return result
  }
}
