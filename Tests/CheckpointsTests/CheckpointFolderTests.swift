import Diagnostics
import Foundation
import JSON
import Testing

@testable import Checkpoints

/// Folders in the Hugging Face layout, whole and broken.
@Suite struct CheckpointFolderTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write("config.json", #"{"model_type": "llama", "hidden_size": 8}"#)
  }

  private func tensor(_ name: String, _ value: Float) -> WritableTensor {
    WritableTensor(name: name, shape: [2], floats: [value, value])
  }

  private func open() throws -> Checkpoint { try Checkpoint.open(scratch.path) }

  private func shards() throws {
    try SafetensorsWriter.write(to: scratch.file("model-1.safetensors"), tensors: [tensor("a", 1), tensor("b", 2)])
    try SafetensorsWriter.write(to: scratch.file("model-2.safetensors"), tensors: [tensor("c", 3)])
  }

  private func index(_ map: String) throws -> String {
    try scratch.write("model.safetensors.index.json", #"{"metadata": {}, "weight_map": {\#(map)}}"#)
  }

  private let wholeMap = #""c": "model-2.safetensors", "a": "model-1.safetensors", "b": "model-1.safetensors""#

  @Test func `one file with its configuration opens`() throws {
    try SafetensorsWriter.write(to: scratch.file("model.safetensors"), tensors: [tensor("b", 2), tensor("a", 1)])
    let checkpoint = try open()
    #expect(checkpoint.source == scratch.path)
    #expect(try checkpoint.configuration.int("hidden_size") == 8)
    #expect(checkpoint.tensors.names == ["a", "b"])
    #expect(try checkpoint.tensors.tensor("b").floats() == [2, 2])
    #expect(checkpoint.chatTemplate == nil)
    #expect(checkpoint.generationConfiguration == nil)
    guard case .none = checkpoint.tokenizer else {
      Issue.record("expected no tokenizer")
      return
    }
  }

  @Test(arguments: [
    ("adapter_config.json", #"{"base_model_name_or_path": "org/base"}"#, ["PEFT", "'org/base'", "merge_and_unload"]),
    ("adapter_config.json", "{}", ["PEFT", "its base model"]),
    ("adapter.json", "{}", ["an adapter of this program", "--adapter"]),
  ])
  func `an adapter in place of a model is told for what it is`(name: String, text: String, words: [String]) throws {
    for hasConfiguration in [true, false] {
      let scratch = try Scratch()
      if hasConfiguration { try scratch.write("config.json", "{}") }
      try scratch.write(name, text)
      let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(scratch.path) }
      for word in words { #expect(error.description.contains(word), "\(error)") }
    }
    // A model in whose folder an adapter's settings were left is a model.
    try SafetensorsWriter.write(to: scratch.file("model.safetensors"), tensors: [tensor("a", 1)])
    try scratch.write(name, text)
    #expect(try open().tensors.names == ["a"])
  }

  @Test(arguments: [
    (
      "model-1-of-2.safetensors",
      ["shards ('model-1-of-2.safetensors', 1 in all)", "fetch model.safetensors.index.json"]
    ),
    ("consolidated.safetensors", ["without model.safetensors, but with 'consolidated.safetensors'", "that name"]),
    ("pytorch_model.bin", ["without model.safetensors", "pickled weights"]),
  ])
  func `weights under another name are told with what is missing`(name: String, words: [String]) throws {
    try SafetensorsWriter.write(to: scratch.file(name), tensors: [tensor("a", 1)])
    let error = try #require(throws: CheckpointError.self) { try open() }
    for word in words { #expect(error.description.contains(word), "\(error)") }
  }

  @Test func `shards are one table, and how they are cut does not change the fingerprint`() throws {
    try shards()
    _ = try index(wholeMap)
    let sharded = try open()
    #expect(sharded.tensors.names == ["a", "b", "c"])
    #expect(try sharded.tensors.tensor("c").floats() == [3, 3])
    let whole = try Scratch()
    try whole.write("config.json", "{}")
    try SafetensorsWriter.write(
      to: whole.file("model.safetensors"), tensors: [tensor("a", 1), tensor("b", 2), tensor("c", 3)])
    #expect(try Checkpoint.open(whole.path).fingerprint == sharded.fingerprint)
  }

  @Test func `every missing shard and tensor is reported at once`() throws {
    try shards()
    let path = try index(
      wholeMap + #", "d": "model-1.safetensors", "e": "model-3.safetensors", "f": "model-3.safetensors""#)
    let expected = DiagnosticGroup([
      CheckpointError.missingFromShard(index: path, shard: "model-1.safetensors", tensor: "d"),
      CheckpointError.missingShard(index: path, shard: "model-3.safetensors", tensors: 2),
    ])
    #expect(throws: CheckpointError.several(try #require(expected))) { try open() }
  }

  @Test func `a single missing shard is one plain error with its remedy`() throws {
    try shards()
    let path = try index(#""a": "model-1.safetensors", "z": "model-9.safetensors""#)
    let error = #expect(throws: CheckpointError.self) { try open() }
    #expect(error == .missingShard(index: path, shard: "model-9.safetensors", tensors: 1))
    #expect(
      error?.description == """
        the shard 'model-9.safetensors', which should hold 1 tensors, is missing (\(path))
        fix: fetch the missing file into the folder of the index
        """)
  }

  @Test func `a tensor that the index does not name is loaded, and the index decides between two`() throws {
    try shards()
    try SafetensorsWriter.write(to: scratch.file("model-3.safetensors"), tensors: [tensor("a", 9), tensor("x", 4)])
    _ = try index(#""a": "model-1.safetensors", "c": "model-3.safetensors""#)
    #expect(throws: CheckpointError.self) { try open() }
    _ = try index(#""a": "model-1.safetensors", "x": "model-3.safetensors""#)
    let checkpoint = try open()
    #expect(checkpoint.tensors.names == ["a", "b", "x"])
    #expect(try checkpoint.tensors.tensor("a").floats() == [1, 1])
  }

  @Test(arguments: ["../model.safetensors", "/etc/passwd", "", ".."])
  func `an index cannot lead out of its folder`(shard: String) throws {
    let path = try index(#""a": "\#(shard)""#)
    #expect(
      throws: CheckpointError.malformed(
        file: path, place: "tensor 'a'", problem: "'\(shard)' is no name of a shard")
    ) { try open() }
  }

  @Test func `an index without a map, or with an empty one, is an error`() throws {
    let path = try scratch.write("model.safetensors.index.json", #"{"weightmap": {}}"#)
    #expect(throws: CheckpointError.json(.missing(key: "weight_map", source: path, nearest: "weightmap"))) {
      try open()
    }
    _ = try index("")
    #expect(throws: CheckpointError.malformed(file: path, place: "'weight_map'", problem: "it names no tensor")) {
      try open()
    }
  }

  @Test func `a missing tensor names the nearest one`() throws {
    try SafetensorsWriter.write(
      to: scratch.file("model.safetensors"), tensors: [tensor("model.norm.weight", 1), tensor("lm_head.weight", 1)])
    let checkpoint = try open()
    #expect(
      throws: CheckpointError.missingTensor(
        name: "model.norm.weights", source: scratch.path, nearest: "model.norm.weight")
    ) { try checkpoint.tensors.tensor("model.norm.weights") }
  }

  @Test func `what is no model says what to name instead`() throws {
    func remedy(_ path: String) throws -> String? {
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
      return error?.remedy
    }
    #expect(throws: CheckpointError.notFound(path: "/nowhere", expected: "model folder or .gguf file")) {
      try Checkpoint.open("/nowhere")
    }
    #expect(
      try remedy(scratch.path) == "fetch model.safetensors (or its index and shards) into the folder")
    try scratch.write("pytorch_model.bin", "x")
    #expect(
      try remedy(scratch.path)
        == "save the model again as safetensors: pickled weights (pytorch_model.bin) are not read")
    let file = try scratch.write("model.safetensors", safetensors("{}"))
    #expect(try remedy(file) == "name the folder that holds it: '\(scratch.path)'")
    let empty = try Scratch()
    #expect(
      try remedy(empty.path) == "name a folder that holds config.json and model.safetensors, or a .gguf file")
    try empty.write("m.gguf", "x")
    #expect(try remedy(empty.path) == "name the file itself: '\(empty.file("m.gguf"))'")
    #expect(try remedy("/dev/null") == "name a model folder or a .gguf file")
  }

  @Test func `a broken config json is an error with line and column`() throws {
    try scratch.write("config.json", "{\n  \"a\": 1,\n}")
    let error = #expect(throws: CheckpointError.self) { try open() }
    #expect(error?.location == "\(scratch.file("config.json")), line 3, column 1")
  }

  @Test func `the tokenizer and its template are found in all their places`() throws {
    try SafetensorsWriter.write(to: scratch.file("model.safetensors"), tensors: [tensor("a", 1)])
    try scratch.write("tokenizer.json", "{}")
    let plain = try open()
    guard case .huggingFace(scratch.file("tokenizer.json"), nil) = plain.tokenizer else {
      Issue.record("expected tokenizer.json without a configuration")
      return
    }
    try scratch.write("tokenizer_config.json", #"{"chat_template": "one"}"#)
    #expect(try open().chatTemplate == "one")
    try scratch.write(
      "tokenizer_config.json",
      #"{"chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "two"}]}"#)
    #expect(try open().chatTemplate == "two")
    #expect(try open().toolChatTemplate == nil)
    try scratch.write(
      "tokenizer_config.json",
      #"{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "two"}]}"#)
    #expect(try open().toolChatTemplate == "t")
    try scratch.write("chat_template.jinja", "three")
    #expect(try open().chatTemplate == "three")
    #expect(try open().toolChatTemplate == nil)
    try FileManager.default.createDirectory(
      atPath: scratch.file("additional_chat_templates"), withIntermediateDirectories: true)
    try scratch.write("additional_chat_templates/tool_use.jinja", "four")
    #expect(try open().chatTemplate == "three")
    #expect(try open().toolChatTemplate == "four")
    try scratch.write("generation_config.json", #"{"eos_token_id": [1, 2]}"#)
    let checkpoint = try open()
    #expect(try checkpoint.generationConfiguration?.array("eos_token_id") == [1, 2])
    #expect(
      try checkpoint.tokenizerFiles
        == ["chat_template.jinja", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
        .map(scratch.file))
  }
}
