import Checkpoints
import Interventions
import JSON
import LanguageModels

/// A folder of mlx-lm: `adapter_config.json` and `adapters.safetensors`.
///
/// `lora_a [in, r]`, `lora_b [r, out]` and DoRA's `m [out]` beside the modules' paths; `scale` is alpha / r, one for all; the
/// adapter acts in the last `num_layers` blocks. Source: mlx-lm 0.32 `tuner/utils.py` (`load_adapters`), `tuner/lora.py`.
public enum MLXFormat: AdapterFormat {
  public static let name = "mlx"
  public static let summary = "adapter_config.json and adapters.safetensors of mlx-lm and mlx-swift-lm: LoRA, DoRA"

  private static let configurationFile = "adapter_config.json"
  private static let tensorFile = "adapters.safetensors"
  /// Members that say how it was trained.
  private static let training = [
    "adapter_path", "batch_size", "config", "data", "grad_checkpoint", "grad_accumulation_steps", "iters",
    "learning_rate", "lr_schedule", "mask_prompt", "max_seq_length", "model", "optimizer", "optimizer_config",
    "report_to", "project_name", "resume_adapter_file", "save_every", "seed", "steps_per_eval", "steps_per_report",
    "test", "test_batches", "train", "val_batches", "wandb", "clear_cache_threshold",
  ]

  public static func detects(_ path: String) -> Bool {
    Files.has(configurationFile, in: path) && Files.has(tensorFile, in: path)
  }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let file = "\(path)/\(configurationFile)"
    let json = try JSONReader(JSONValue(parsing: TextFile.read(file), source: file), source: file)
    let type = try json.string(ifPresent: "fine_tune_type") ?? "lora"
    guard type == "lora" || type == "dora" else {
      throw ConversionError.unsupported(
        key: "fine_tune_type", value: "'\(type)'", reason: "known are lora and dora", file: file)
    }
    let layers = try json.int("num_layers")
    let low = try json.reader("lora_parameters")
    try low.allow(only: ["rank", "scale", "dropout", "keys"])
    let (rank, scale) = (try low.int("rank"), try low.double("scale"))
    for key in json.object.keys where !["fine_tune_type", "num_layers", "lora_parameters"].contains(key) {
      let text = json.object[key]?.text ?? ""
      if training.contains(key) {
        context.report.note(unused: "\(configurationFile): \(key)", text)
      } else {
        throw ConversionError.unsupported(key: key, value: text, reason: "no method here has it", file: file)
      }
    }
    let table = "\(path)/\(tensorFile)"
    var tensors: [String: StoredTensor] = [:]
    for tensor in try SafetensorsFile(table).tensors { tensors[tensor.name] = tensor }
    func take(_ name: String) throws -> PlainTensor {
      guard let tensor = tensors.removeValue(forKey: name) else {
        throw ConversionError.missingTensor(name: name, file: table)
      }
      let expected = name.hasSuffix(".m") ? 1 : 2
      guard tensor.shape.count == expected else {
        throw ConversionError.tensorShape(
          name: name, expected: expected == 1 ? "a vector" : "a matrix", got: tensor.shape, file: table)
      }
      let plain = PlainTensor(name, tensor.shape, try tensor.floats())
      try plain.checkFinite(table)
      return plain
    }
    var maps: [LowRankAdapter.Map] = []
    for name in tensors.keys.sorted() where name.hasSuffix(".lora_a") {
      let module = String(name.dropLast(".lora_a".count))
      guard let site = context.paths.site(of: module) else { continue }
      // No layers at all means all of them to mlx-lm.
      guard layers <= 0 || site.layer >= context.model.shape.layers - layers else {
        throw ConversionError.malformed(
          problem: "'\(name)' is not in the last \(layers) layers, which 'num_layers' names", file: table)
      }
      let (A, B) = (try take(name).transposed, try take("\(module).lora_b").transposed)
      guard A.shape[0] == rank, B.shape[1] == rank else {
        throw ConversionError.tensorShape(
          name: name, expected: "[in, \(rank)], as \(configurationFile) has the rank", got: [A.shape[1], A.shape[0]],
          file: table)
      }
      let magnitude = type == "dora" ? try take("\(module).m") : nil
      maps.append(.init(site: site, A: A, B: B, magnitude: magnitude, alpha: scale * Double(rank)))
      for (theirs, ours) in [("lora_a", "A"), ("lora_b", "B")] + (type == "dora" ? [("m", "magnitude")] : []) {
        context.report.map("\(module).\(theirs)", to: "\(site).\(ours)")
      }
    }
    for name in tensors.keys.sorted() {
      context.report.note(leftover: name, "a tensor of shape \(tensors[name]?.shape ?? [])")
    }
    guard !maps.isEmpty else {
      throw ConversionError.malformed(problem: "no tensor '...lora_a' is of this model", file: table)
    }
    context.report.map("\(configurationFile): lora_parameters.scale", to: "settings.alpha, times the rank")
    for key in ["rank", "dropout"] {
      context.report.map("\(configurationFile): lora_parameters.\(key)", to: "settings.\(key)")
    }
    return LowRankAdapter(
      maps, isDoRA: type == "dora", rank: rank, alpha: scale * Double(rank),
      dropout: try low.double(ifPresent: "dropout") ?? 0, rankStabilised: false
    ).portable(for: context.model)
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    let layers = context.model.shape.layers
    guard let lowRank = try LowRankAdapter(adapter, layers: layers), adapter.positions == .all else {
      throw ConversionError.notExpressible(
        format: name, what: "\(adapter.plan.method) at \(adapter.plan.locations.line)",
        reason: "it has LoRA and DoRA, at every position")
    }
    guard lowRank.maps.allSatisfy({ $0.rank == lowRank.rank && $0.alpha == lowRank.alpha }) else {
      throw ConversionError.notExpressible(
        format: name, what: "several ranks or alphas", reason: "it has one for all; peft's format has patterns")
    }
    let components = Dictionary(grouping: lowRank.maps, by: \.site.component).mapValues { Set($0.map(\.site.layer)) }
    guard let chosen = components.values.first, components.values.allSatisfy({ $0 == chosen }),
      chosen == Set(layers - chosen.count..<layers)
    else {
      throw ConversionError.notExpressible(
        format: name, what: "'\(adapter.plan.locations.line)'", reason: "it has the same modules in the last layers")
    }
    var tensors: [WritableTensor] = []
    var keys: [String] = []
    for map in lowRank.maps {
      guard let path = context.paths.path(of: map.site) else {
        throw ConversionError.notExpressible(
          format: name, what: map.site.description, reason: "the model has no linear map of its own there")
      }
      let parts =
        [("A", "lora_a", map.A.transposed), ("B", "lora_b", map.B.transposed)]
        + (map.magnitude.map { [("magnitude", "m", $0)] } ?? [])
      for (ours, theirs, tensor) in parts {
        tensors.append(tensor.named("\(path).\(theirs)").writable)
        context.report.map("\(map.site).\(ours)", to: "\(path).\(theirs)")
      }
      // Within a block: what follows the number of the layer.
      let words = path.split(separator: ".", omittingEmptySubsequences: false)
      let key = words.lastIndex { Int($0) != nil }.map { words[($0 + 1)...].joined(separator: ".") } ?? path
      if !keys.contains(key) { keys.append(key) }
    }
    // rsLoRA's alpha / sqrt r is a scale like any other.
    let divisor = lowRank.rankStabilised ? Double(lowRank.rank).squareRoot() : Double(lowRank.rank)
    if lowRank.rankStabilised { context.report.note(unused: "rslora", "the scale holds its square root") }
    let configuration: JSONValue = [
      "fine_tune_type": .string(lowRank.isDoRA ? "dora" : "lora"), "num_layers": .integer(chosen.count),
      "lora_parameters": [
        "rank": .integer(lowRank.rank), "scale": .number(lowRank.alpha / divisor), "dropout": .number(lowRank.dropout),
        "keys": .array(keys.sorted().map { .string($0) }),
      ],
    ]
    return EncodedAdapter(
      folder: [
        (configurationFile, { try TextFile.write(configuration.prettyText, to: $0) }),
        (tensorFile, { try SafetensorsWriter.write(to: $0, tensors: tensors) }),
      ], marks: [configurationFile])
  }
}
