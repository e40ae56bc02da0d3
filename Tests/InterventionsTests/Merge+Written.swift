import Checkpoints
import Interventions
import JSON
import LanguageModels

extension Merge {
  /// Writes a checkpoint with the merge's tensors in place of or beside its own, and opens what was written.
  func written(into checkpoint: Checkpoint, at path: String) throws -> Checkpoint {
    var configuration = checkpoint.configuration.object
    for (key, value) in self.configuration { configuration[key] = value }
    let kept = checkpoint.tensors.filter { keeps($0.name) }.map(WritableTensor.init)
    let changed = try tensors.map { try NamedTensor($0.key, $0.value).writable() }
    try HuggingFaceFolder.write(to: path, configuration: configuration, tensors: kept + changed, overwrite: true)
    return try Checkpoint.open(path)
  }
}
