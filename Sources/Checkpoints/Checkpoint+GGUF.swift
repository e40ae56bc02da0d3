import Diagnostics
import JSON

extension Checkpoint {
  static func openGGUF(_ path: String) throws(CheckpointError) -> Checkpoint {
    let file = try GGUFFile(path)
    let metadata = file.metadata
    let name = try metadata.required("general.architecture", metadata.string("general.architecture"))
    guard let architecture = GGUFArchitecture.all.first(where: { $0.name == name }) else {
      throw .unsupported(
        file: path, what: "the architecture '\(name)'",
        remedy: NearestName.remedy(for: name, among: GGUFArchitecture.all.map(\.name)))
    }
    if let parts = try metadata.int("split.count"), parts > 1 {
      throw .unsupported(
        file: path, what: "a model split over \(parts) GGUF files", remedy: "join it: llama-gguf-split --merge")
    }
    let parameters = try GGUFHyperparameters(metadata, prefix: name)
    let tensors = try translated(file, architecture, parameters)
    let table = TensorTable(tensors, source: path)
    let tokenizer = try GGUFTokenizer(metadata)
    return Checkpoint(
      source: path,
      configuration: JSONReader(
        try parameters.configuration(architecture, table, tokenizer), source: "\(path), metadata"),
      tensors: table, tokenizer: tokenizer.map(TokenizerSource.gguf) ?? .none,
      chatTemplate: try metadata.string("tokenizer.chat_template"))
  }

  private static func translated(
    _ file: GGUFFile, _ architecture: GGUFArchitecture, _ parameters: GGUFHyperparameters
  ) throws(CheckpointError) -> [StoredTensor] {
    var result: [StoredTensor] = []
    for tensor in file.tensors {
      guard let name = architecture.translate(tensor.name) else {
        throw .unsupported(
          file: file.path, what: "the tensor '\(tensor.name)', which is no part of a \(architecture.name) model,",
          remedy: "use a plain \(architecture.name) model: mixtures of experts and other variants are not read")
      }
      let order = architecture.rowOrder(
        of: tensor.name, heads: parameters.heads, keyValueHeads: parameters.keyValueHeads)
      if case .interleavedHalves(let heads) = order, tensor.shape[0] % (2 * heads) != 0 {
        throw .malformed(
          file: file.path, place: "tensor '\(tensor.name)'",
          problem: "\(tensor.shape[0]) rows cannot be shared by \(heads) heads of two halves each")
      }
      result.append(
        StoredTensor(
          name: name, shape: tensor.shape, storage: tensor.storage, file: file.path, bytes: tensor.bytes,
          rowOrder: order))
    }
    return result
  }
}
