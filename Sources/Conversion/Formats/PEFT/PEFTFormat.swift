import Checkpoints
import Interventions
import JSON
import LanguageModels

/// A folder of peft: `adapter_config.json`, and `adapter_model.safetensors` or the older `adapter_model.bin`.
///
/// Source: peft 0.13.2, `config.py`, `utils/save_and_load.py`, and the tuners.
public enum PEFTFormat: AdapterFormat {
  public static let name = "peft"
  public static let summary =
    "adapter_config.json and adapter_model.safetensors: LoRA, rsLoRA, DoRA, (IA)3, prefix tuning, prompt tuning"

  static let configurationFile = "adapter_config.json"
  static let tensorFile = "adapter_model.safetensors"
  static let pickledFile = "adapter_model.bin"

  public static func detects(_ path: String) -> Bool {
    guard Files.has(configurationFile, in: path) else { return false }
    return Files.has(tensorFile, in: path) || Files.has(pickledFile, in: path)
  }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let file = "\(path)/\(configurationFile)"
    let json = try JSONReader(JSONValue(parsing: TextFile.read(file), source: file), source: file)
    var configuration = PEFTConfiguration(json)
    var tensors = try PEFTTensors(in: path)
    let type = try configuration.string("peft_type") ?? ""
    let adapter: PortableAdapter
    switch type {
    case "LORA": adapter = try PEFTLowRank.read(&configuration, &tensors, &context)
    case "IA3": adapter = try PEFTScales.read(&configuration, &tensors, &context)
    case "PREFIX_TUNING": adapter = try PEFTPrompts.readPrefix(&configuration, &tensors, &context)
    case "PROMPT_TUNING": adapter = try PEFTPrompts.readPrompt(&configuration, &tensors, &context)
    default:
      throw ConversionError.unsupported(
        key: "peft_type", value: "'\(type)'", reason: "known are LORA, IA3, PREFIX_TUNING, PROMPT_TUNING", file: file)
    }
    try configuration.finish(&context.report)
    tensors.finish(&context.report)
    return adapter
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    guard adapter.positions == .all else {
      throw ConversionError.notExpressible(
        format: name, what: "'\(adapter.plan.locations.line)'", reason: "peft edits every position")
    }
    let content: (configuration: JSONObject, tensors: [PlainTensor])
    switch adapter.plan.method {
    case "lora", "dora": content = try PEFTLowRank.encoded(adapter, &context)
    case "ia3": content = try PEFTScales.encoded(adapter, &context)
    case "prefix_tuning": content = try PEFTPrompts.encodedPrefix(adapter, &context)
    case "prompt_tuning": content = try PEFTPrompts.encodedPrompt(adapter, &context)
    default:
      throw ConversionError.notExpressible(
        format: name, what: adapter.plan.method, reason: "it has LoRA, DoRA, (IA)3, prefix and prompt tuning")
    }
    var configuration: JSONObject = [:]
    let common: JSONObject = [
      "auto_mapping": .null, "base_model_name_or_path": .string(context.base.source), "inference_mode": true,
      "revision": .null, "task_type": .string(context.model.isCausal ? "CAUSAL_LM" : "FEATURE_EXTRACTION"),
    ]
    let whole = common.merging(content.configuration)
    for key in whole.keys.sorted() { configuration[key] = whole[key] }
    let text = JSONValue.object(configuration).prettyText
    let tensors = content.tensors.map(\.writable)
    return EncodedAdapter(
      folder: [
        (configurationFile, { try TextFile.write(text, to: $0) }),
        (tensorFile, { try SafetensorsWriter.write(to: $0, tensors: tensors, metadata: ["format": "pt"]) }),
      ], marks: [configurationFile])
  }
}

/// `adapter_config.json` while its members are taken out: what nobody took must say nothing.
struct PEFTConfiguration {
  private let json: JSONReader
  private var taken: Set<String> = []

  /// Members that do not change what is computed, whatever they say.
  private static let harmless = [
    "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "task_type", "megatron_core",
    "peft_version",
    "layers_pattern", "fan_in_fan_out", "init_ia3_weights", "token_dim", "num_attention_heads", "num_layers",
    "prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path", "tokenizer_kwargs", "qalora_group_size",
    "prompt_tuning_init_state_dict_path", "runtime_config", "ephemeral_gpu_offload",
  ]

  init(_ json: JSONReader) { self.json = json }

  var file: String { json.source }
  mutating func value(_ key: String) -> JSONValue? {
    taken.insert(key)
    // A value is also written as nil: `flatMap` would take that for JSON's null.
    guard let value = json.object[key], !value.isNull else { return .none }
    return value
  }
  mutating func int(_ key: String) throws -> Int? {
    taken.insert(key)
    return try json.int(ifPresent: key)
  }
  mutating func double(_ key: String) throws -> Double? {
    taken.insert(key)
    return try json.double(ifPresent: key)
  }
  mutating func bool(_ key: String) throws -> Bool? {
    taken.insert(key)
    return try json.bool(ifPresent: key)
  }
  mutating func string(_ key: String) throws -> String? {
    taken.insert(key)
    return try json.string(ifPresent: key)
  }
  mutating func reader(_ key: String) throws -> JSONReader? {
    taken.insert(key)
    return try json.reader(ifPresent: key)
  }

  /// Reports the rest: a field that is set and not read is an error that names it.
  func finish(_ report: inout ConversionReport) throws {
    for key in json.object.keys where !taken.contains(key) {
      let value = json.object[key] ?? .null
      let isEmpty = value.isNull || value.bool == false || value.array?.isEmpty == true || value.object?.count == 0
      if Self.harmless.contains(key) || isEmpty {
        report.note(unused: "adapter_config.json: \(key)", value.text)
      } else if key == "modules_to_save" {
        report.note(leftover: "adapter_config.json: \(key)", "\(value.text): modules that were trained as a whole")
      } else {
        throw ConversionError.unsupported(
          key: key, value: value.text, reason: "no method here has it", file: json.source)
      }
    }
  }
}

/// The tensors of a folder of peft while they are taken out.
struct PEFTTensors {
  let file: String
  private var tensors: [(name: String, shape: [Int], values: () throws -> [Float])]

  init(in folder: String) throws {
    if Files.has(PEFTFormat.tensorFile, in: folder) {
      file = "\(folder)/\(PEFTFormat.tensorFile)"
      tensors = try SafetensorsFile(file).tensors.map { tensor in (tensor.name, tensor.shape, { try tensor.floats() }) }
    } else {
      file = "\(folder)/\(PEFTFormat.pickledFile)"
      tensors = try TorchArchive(file).tensors().map { name, tensor in
        (name, tensor.shape, { try tensor.floats(named: name) })
      }
    }
  }

  /// The names that are left, in order.
  var names: [String] { tensors.map(\.name) }

  /// Takes one tensor; `nil` where it is not there.
  mutating func take(ifPresent name: String, as new: String) throws -> PlainTensor? {
    guard let index = tensors.firstIndex(where: { $0.name == name }) else { return nil }
    let tensor = tensors.remove(at: index)
    let plain = PlainTensor(new, tensor.shape, try tensor.values())
    try plain.named(name).checkFinite(file)
    return plain
  }

  /// Takes one tensor of so many sizes.
  mutating func take(_ name: String, rank: Int, as new: String) throws -> PlainTensor {
    guard let tensor = try take(ifPresent: name, as: new) else {
      throw ConversionError.missingTensor(name: name, file: file)
    }
    guard tensor.shape.count == rank else {
      throw ConversionError.tensorShape(
        name: name, expected: rank == 1 ? "a vector" : "a matrix", got: tensor.shape, file: file)
    }
    return tensor
  }

  func finish(_ report: inout ConversionReport) {
    for tensor in tensors { report.note(leftover: tensor.name, "a tensor of shape \(tensor.shape)") }
  }
}
