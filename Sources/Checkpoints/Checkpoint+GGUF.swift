import Diagnostics
import JSON

extension Checkpoint {
  static func openGGUF(_ path: String) throws(CheckpointError) -> Checkpoint {
    let file = try GGUFFile(path)
    let metadata = file.metadata
    if let parts = try metadata.int("split.count"), parts > 1 {
      throw .unsupported(
        file: path, what: "a model split over \(parts) GGUF files", remedy: "join it: llama-gguf-split --merge")
    }
    let name = try metadata.required("general.architecture", metadata.string("general.architecture"))
    guard let architecture = GGUFArchitecture.all.first(where: { $0.name == name }) else {
      throw .unsupported(
        file: path, what: "the architecture '\(name)'",
        remedy: NearestName.remedy(for: name, among: GGUFArchitecture.all.map(\.name)))
    }
    let parameters = GGUFHyperparameters(file, prefix: name)
    var configuration = architecture.configuration(parameters)
    let tensors = translated(file, architecture, parameters)
    let tokenizer = parameters.noting { () throws(CheckpointError) in try GGUFTokenizer(metadata) }
    let template = parameters.noting { () throws(CheckpointError) in try metadata.string("tokenizer.chat_template") }
    let toolTemplate = parameters.noting { () throws(CheckpointError) in
      try metadata.string("tokenizer.chat_template.tool_use")
    }
    try parameters.finish()
    configuration["bos_token_id"] = tokenizer?.bosID.map { .integer($0) }
    configuration["eos_token_id"] = tokenizer?.eosID.map { .integer($0) }
    configuration["pad_token_id"] = tokenizer?.paddingID.map { .integer($0) }
    configuration["torch_dtype"] = "float32"  // what it is decoded to
    return Checkpoint(
      source: path, configuration: JSONReader(configuration, source: "\(path), metadata"),
      tensors: TensorTable(tensors, source: path), tokenizer: tokenizer.map(TokenizerSource.gguf) ?? .none,
      chatTemplate: template, toolChatTemplate: toolTemplate)
  }

  /// The weights by their Hugging Face names; tensors that the architecture does not have are noted, all of them.
  private static func translated(
    _ file: GGUFFile, _ architecture: GGUFArchitecture, _ parameters: GGUFHyperparameters
  ) -> [StoredTensor] {
    var result: [StoredTensor] = []
    var foreign: [String] = []
    for tensor in file.tensors {
      switch architecture.translate(tensor.name, parameters) {
      case nil: foreign.append(tensor.name)
      case .rotary: continue
      case .weight(let name, let form):
        if let problem = form.problem(withStored: tensor.shape) {
          parameters.note(.malformed(file: file.path, place: "tensor '\(tensor.name)'", problem: problem))
          continue
        }
        result.append(
          StoredTensor(
            name: name, shape: form.shape(ofStored: tensor.shape), storage: tensor.storage, file: file.path,
            bytes: tensor.bytes, form: form))
      }
    }
    if !foreign.isEmpty {
      let what =
        foreign.count == 1 ? "the tensor '\(foreign[0])', which is" : "the tensors \(listed(foreign)), which are"
      parameters.note(
        .unsupported(
          file: file.path, what: "\(what) no part of a \(architecture.name) model,",
          remedy: "use a plain \(architecture.name) model: mixtures of experts and other variants are not read"))
    }
    return result
  }

  /// Names in quotes, those that differ in their layer alone as one.
  private static func listed(_ names: [String]) -> String {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for name in names {
      var parts = name.split(separator: ".", omittingEmptySubsequences: false)
      if parts.count > 2, parts[0] == "blk", Int(parts[1]) != nil { parts[1] = "N" }
      let key = parts.joined(separator: ".")
      if counts[key] == nil { order.append(key) }
      counts[key, default: 0] += 1
    }
    return order.map { counts[$0] == 1 ? "'\($0)'" : "'\($0)' (\(counts[$0] ?? 0) of them)" }.joined(separator: ", ")
  }
}
