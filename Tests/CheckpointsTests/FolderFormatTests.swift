import JSON
import Testing

@testable import Checkpoints

@Suite struct AdapterFolderTests {
  private let scratch: Scratch
  private var path: String { scratch.file("adapter") }

  init() throws { scratch = try Scratch() }

  private let configuration: JSONObject = ["method": "loreft", "rank": 4, "locations": "all.block_output@f1"]

  private func write(overwrite: Bool = false) throws {
    try AdapterFolder.write(
      to: path, configuration: configuration,
      tensors: [WritableTensor(name: "0.rotation", shape: [2, 1], floats: [0.6, 0.8])],
      texts: [("metrics.jsonl", "{}\n")], overwrite: overwrite)
  }

  @Test func `what was written is read back`() throws {
    try write()
    let adapter = try AdapterFolder(opening: path)
    #expect(adapter.configuration.object == configuration)
    #expect(adapter.configuration.object.keys == configuration.keys)
    #expect(try adapter.tensors.tensor("0.rotation").floats() == [0.6, 0.8])
    #expect(try TextFile.read(path + "/metrics.jsonl") == "{}\n")
    let first = try contents(path + "/adapter.safetensors")
    try write(overwrite: true)
    #expect(try contents(path + "/adapter.safetensors") == first)
    #expect(throws: CheckpointError.outputExists(path: path)) { try write() }
  }

  @Test func `what is no adapter says so`() throws {
    func failure(_ path: String) -> CheckpointError? {
      #expect(throws: CheckpointError.self) { try AdapterFolder(opening: path) }
    }
    #expect(failure(path) == .notFound(path: path, expected: "adapter folder"))
    #expect(
      failure(scratch.path)
        == .notAnAdapter(
          path: scratch.path, found: "a folder without adapter.json and adapter.safetensors",
          remedy: "name the folder that a training run wrote"))
    try scratch.write("adapter_config.json", "{}")
    #expect(failure(scratch.path)?.remedy?.hasPrefix("this is an adapter of peft or mlx-lm") == true)
    try scratch.write("intkey_layer_0.bin", "x")
    #expect(
      failure(scratch.path)?.remedy == "this is a folder of pyreft: make an adapter folder of it with `reft convert`")
    let file = try scratch.write("file", "x")
    #expect(failure(file)?.problem == "expected an adapter folder, found a file")
  }
}

@Suite struct HuggingFaceFolderTests {
  @Test func `a GGUF model is written as a folder that opens with the same values`() throws {
    let scratch = try Scratch()
    let source = try Checkpoint.open(fixtures + "/llama.gguf")
    let path = scratch.file("model")
    try HuggingFaceFolder.write(
      to: path, configuration: source.configuration.object, tensors: source.tensors.map { WritableTensor($0) },
      texts: [("tokenizer.json", "{}")], copying: [fixtures + "/heads.npy"])
    let copy = try Checkpoint.open(path)
    #expect(copy.configuration.object == source.configuration.object)
    #expect(Set(copy.tensors.names) == Set(source.tensors.names))
    for tensor in source.tensors {
      #expect(try copy.tensors.tensor(tensor.name).floats() == tensor.floats(), "\(tensor.name)")
      #expect(try copy.tensors.tensor(tensor.name).shape == tensor.shape)
    }
    #expect(try SafetensorsFile(path + "/model.safetensors").metadata.map(\.value) == ["pt"])
    #expect(try contents(path + "/heads.npy") == contents(fixtures + "/heads.npy"))
    guard case .huggingFace = copy.tokenizer else {
      Issue.record("expected the tokenizer that was written")
      return
    }
  }
}
