import Checkpoints
import Conversion
import Foundation
import JSON
import LanguageModels
import Testing
import _TestSupport

/// Folders by peft 0.13.2: scripts/goldens/foreign_peft.py.
@Suite(.engineAlone) struct PEFTFormatTests {
  private let scratch: ScratchFolder
  private let foreign: ForeignGolden

  init() throws {
    scratch = try ScratchFolder()
    foreign = try ForeignGolden("foreign_peft")
  }

  static let cases = ["lora", "rslora", "dora", "all_linear", "ia3", "prefix", "prefix_projected", "prompt"]

  @Test(arguments: cases.map { ($0, $0) } + [("pickled", "lora")])
  func `an adapter of peft gives its logits`(name: String, golden: String) throws {
    let report = try foreign.convert(name, to: scratch("x"))
    try foreign.expect(scratch("x"), equals: golden)
    #expect(report.source == "peft")
    #expect(report.leftover.isEmpty)
    #expect(!report.mapped.isEmpty)
  }

  @Test(arguments: cases)
  func `write, read, write gives the same bytes`(name: String) throws {
    try foreign.convert(name, to: scratch("a"))
    try Foreign.convert(scratch("a"), to: "peft", scratch("b"))
    try Foreign.convert(scratch("b"), to: "reft", scratch("c"))
    try Foreign.convert(scratch("c"), to: "peft", scratch("d"))
    #expect(try contents(scratch("b")) == contents(scratch("d")))
    #expect(try contents(scratch("a"))["adapter.safetensors"] == contents(scratch("c"))["adapter.safetensors"])
    try foreign.expect(scratch("c"), equals: name)
    // Names and shapes of tensors are those of peft.
    func tensors(_ path: String) throws -> [String: [Int]] {
      let file = try SafetensorsFile("\(path)/adapter_model.safetensors")
      return Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.shape) })
    }
    #expect(try tensors(scratch("b")) == tensors(foreign.path(name)))
    // Every member that peft writes is written.
    func keys(_ path: String) throws -> [String] {
      let file = "\(path)/adapter_config.json"
      return try JSONReader(JSONValue(parsing: readText(file), source: file), source: file).object.keys
    }
    #expect(try keys(scratch("b")) == keys(foreign.path(name)))
  }

  @Test func `patterns of ranks and alphas have their places`() throws {
    try foreign.convert("lora", to: scratch("x"))
    let settings = try JSONValue(parsing: readText(scratch("x/adapter.json")), source: "x")["settings"]
    #expect(settings?["rank_pattern"] == ["1.query": 2, "mlp_output": 3])
    #expect(settings?["alpha_pattern"] == ["0.value": 9.0])
    #expect(settings?["alpha"] == 6.0)
  }

  private func change(_ name: String, _ change: (String) -> String) throws -> ConversionError? {
    try? FileManager.default.removeItem(atPath: scratch("bad"))
    try FileManager.default.copyItem(atPath: foreign.path(name), toPath: scratch("bad"))
    let text = try readText(scratch("bad/adapter_config.json"))
    let changed = change(text)
    try #require(changed != text)
    try scratch.write("bad/adapter_config.json", "")
    try scratch.change("bad/adapter_config.json") { $0 = Array(changed.utf8) }
    let error = #expect(throws: ConversionError.self) { try Foreign.convert(scratch("bad"), to: "reft", scratch("x")) }
    #expect(try scratch.names == ["bad"])
    return error
  }

  @Test(arguments: [
    ("\"megatron_config\": null", "\"megatron_config\": {\"a\": 1}", "megatron_config"),
    ("\"layer_replication\": null", "\"layer_replication\": [[0, 2]]", "layer_replication"),
    ("\"bias\": \"none\"", "\"bias\": \"all\"", "bias"),
    ("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"", "init_lora_weights"),
    ("\"r\": 4", "\"lora_bias\": true, \"r\": 4", "lora_bias"),
    ("\"peft_type\": \"LORA\"", "\"peft_type\": \"ADALORA\"", "peft_type"),
  ])
  func `a field that is not supported is named`(from: String, to: String, field: String) throws {
    let error = try change("lora") { $0.replacingOccurrences(of: from, with: to) }
    #expect(error?.problem.hasPrefix("'\(field)' is ") == true, "\(error?.problem ?? "")")
    #expect(error?.problem.contains("which is not supported") == true)
    #expect(error?.location == scratch("bad/adapter_config.json"))
  }

  @Test func `a member that is null says nothing, and layers that are no numbers are an error`() throws {
    func written(_ changes: [(String, String)]) throws -> String {
      let path = scratch("changed-\(changes.count)")
      try FileManager.default.copyItem(atPath: foreign.path("lora"), toPath: path)
      var text = try readText("\(path)/adapter_config.json")
      for (from, to) in changes {
        try #require(text.contains(from))
        text = text.replacingOccurrences(of: from, with: to)
      }
      try scratch.change("changed-\(changes.count)/adapter_config.json") { $0 = Array(text.utf8) }
      return path
    }
    let newer = try written([("\"r\": 4", "\"exclude_modules\": null, \"r\": 4")])
    _ = try Foreign.convert(newer, to: "reft", scratch("newer"))
    let wrong = try written([
      ("\"r\": 4", "\"exclude_modules\": null, \"r\": 4"),
      ("\"layers_to_transform\": null", "\"layers_to_transform\": [0, \"last\"]"),
    ])
    let error = try thrown(JSONError.self) { _ = try Foreign.convert(wrong, to: "reft", scratch("wrong")) }
    #expect("\(error)".contains("layers_to_transform"))
  }

  @Test func `modules that were trained as a whole are left over`() throws {
    let error = try change("lora") {
      $0.replacingOccurrences(of: "\"modules_to_save\": null", with: "\"modules_to_save\": [\"classifier\"]")
    }
    #expect(error?.problem.contains("modules_to_save ([\"classifier\"]: modules that were trained as a whole)") == true)
  }

  @Test func `a rank that is not the tensors', a module without tensors, another model are errors`() throws {
    #expect(
      try change("lora") { $0.replacingOccurrences(of: "\"r\": 4", with: "\"r\": 5") }?.problem
        .contains("must be [5, in], as adapter_config.json has the rank, got [4, 32]") == true)
    #expect(
      try change("lora") { $0.replacingOccurrences(of: "\"v_proj\"", with: "\"v_proj\", \"o_proj\"") }
        == .missingTensor(
          name: "base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight",
          file: scratch("bad/adapter_model.safetensors")))
    #expect(
      try change("prefix") {
        $0.replacingOccurrences(of: "\"num_virtual_tokens\": 3", with: "\"num_virtual_tokens\": 4")
      }?
      .problem == "the tensor 'prompt_embeddings' must be [4, 96], got [3, 96]")
  }

  @Test func `tensors of no module of the model are left over`() throws {
    try FileManager.default.copyItem(atPath: foreign.path("lora"), toPath: scratch("more"))
    let file = scratch("more/adapter_model.safetensors")
    let tensors = try SafetensorsFile(file).tensors.map { WritableTensor($0) }
    try SafetensorsWriter.write(
      to: file,
      tensors: tensors + [WritableTensor(name: "base_model.model.classifier.weight", shape: [1], floats: [1])],
      overwrite: true)
    let error = #expect(throws: ConversionError.self) { try Foreign.convert(scratch("more"), to: "reft", scratch("x")) }
    #expect(error?.problem.contains("base_model.model.classifier.weight (a tensor of shape [1])") == true)
    #expect(error?.remedy?.contains("--allow-leftover") == true)
    try Foreign.convert(scratch("more"), to: "reft", scratch("x"), allowLeftover: true)
    try foreign.expect(scratch("x"), equals: "lora")
  }

  /// A change of a fused map is one of each of its parts, with one A.
  @Test(arguments: ["fused_gpt2", "fused_gpt_neox", "fused_phi3"])
  func `a change of queries, keys and values at once gives the logits of peft, and is written as one`(name: String)
    throws
  {
    let fused = try ForeignGolden("foreign_peft_fused")
    let model = String(name.dropFirst("fused_".count))
    try Foreign.convert(fused.path(name), to: "reft", scratch("a"), model: model)
    try fused.expect(scratch("a"), equals: name, model: model)
    try Foreign.convert(scratch("a"), to: "peft", scratch("b"), model: model)
    func tensors(_ path: String) throws -> [String: [Float]] {
      let file = try SafetensorsFile("\(path)/adapter_model.safetensors")
      return Dictionary(uniqueKeysWithValues: try file.tensors.map { ($0.name, try $0.floats()) })
    }
    #expect(try tensors(scratch("b")) == tensors(fused.path(name)))
    try Foreign.convert(scratch("b"), to: "reft", scratch("c"), model: model)
    try Foreign.convert(scratch("c"), to: "peft", scratch("d"), model: model)
    #expect(try contents(scratch("b")) == contents(scratch("d")))
  }

  @Test func `a module that writes no activation is refused by its name`() throws {
    try FileManager.default.copyItem(atPath: foreign.path("lora"), toPath: scratch("more"))
    let file = scratch("more/adapter_model.safetensors")
    let name = "base_model.model.model.embed_tokens.lora_A.weight"
    let tensors = try SafetensorsFile(file).tensors.map { WritableTensor($0) }
    try SafetensorsWriter.write(
      to: file, tensors: tensors + [WritableTensor(name: name, shape: [1], floats: [1])], overwrite: true)
    let error = #expect(throws: ConversionError.self) { try Foreign.convert(scratch("more"), to: "reft", scratch("x")) }
    #expect(error?.problem.hasPrefix("'\(name)' is a change of 'model.embed_tokens', which is not supported") == true)
  }

  /// GPT-2 is published without the name of the model within its class, which peft's keys have all the same.
  @Test(arguments: ["gpt2", "gpt2_prefixless"])
  func `modules have the names of the class whatever the checkpoint leaves out`(model: String) throws {
    try FileManager.default.createDirectory(atPath: scratch("gpt2"), withIntermediateDirectories: true)
    try scratch.write("gpt2/adapter_config.json", #"{"peft_type": "LORA", "r": 1, "target_modules": ["attn.c_proj"]}"#)
    let layers = try TinyModel.load(model).shape.layers
    func zeros(_ name: String, _ shape: [Int]) -> WritableTensor {
      WritableTensor(name: name, shape: shape, floats: [Float](repeating: 0, count: 32))
    }
    let tensors = (0..<layers).flatMap { layer in
      let path = "base_model.model.transformer.h.\(layer).attn.c_proj"
      return [zeros("\(path).lora_A.weight", [1, 32]), zeros("\(path).lora_B.weight", [32, 1])]
    }
    try SafetensorsWriter.write(to: scratch("gpt2/adapter_model.safetensors"), tensors: tensors)
    try Foreign.convert(scratch("gpt2"), to: "reft", scratch("x"), model: model)
    try Foreign.convert(scratch("x"), to: "peft", scratch("y"), model: model)
    #expect(
      try SafetensorsFile(scratch("y/adapter_model.safetensors")).tensors.map(\.name).sorted()
        == tensors.map(\.name).sorted())
    let configuration = try JSONValue(parsing: readText(scratch("y/adapter_config.json")), source: "y")
    #expect(configuration["target_modules"] == ["attn.c_proj"])
  }

  @Test func `a tensor that is not finite is named`() throws {
    try FileManager.default.copyItem(atPath: foreign.path("prompt"), toPath: scratch("bad"))
    let file = scratch("bad/adapter_model.safetensors")
    try SafetensorsWriter.write(
      to: file,
      tensors: [
        WritableTensor(
          name: "prompt_embeddings", shape: [4, 32], floats: [.nan] + [Float](repeating: 0, count: 127))
      ], overwrite: true)
    #expect(throws: ConversionError.notFinite(name: "prompt_embeddings", file: file)) {
      try Foreign.convert(scratch("bad"), to: "reft", scratch("x"))
    }
  }

  @Test func `LoRA goes to mlx-lm where one scale says it, and is refused where it does not`() throws {
    try foreign.convert("rslora", to: scratch("r"))
    try foreign.convert("lora", to: scratch("l"))
    try foreign.convert("dora", to: scratch("d"))
    func problem(_ name: String) -> String? {
      #expect(throws: ConversionError.self) { try Foreign.convert(scratch(name), to: "mlx", scratch("m")) }?.problem
    }
    #expect(problem("l")?.contains("several ranks or alphas") == true)
    #expect(problem("r")?.contains("the same modules in the last layers") == true)
    try Foreign.convert(scratch("d"), to: "mlx", scratch("m"))
    try Foreign.convert(scratch("m"), to: "reft", scratch("x"))
    try foreign.expect(scratch("x"), equals: "dora")
  }
}
