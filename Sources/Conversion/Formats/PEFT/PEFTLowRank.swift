import Interventions
import JSON
import LanguageModels

/// peft's `LORA`: LoRA, rank-stabilised LoRA and DoRA.
enum PEFTLowRank {
  private static let prefix = "base_model.model."

  static func read(
    _ configuration: inout PEFTConfiguration, _ tensors: inout PEFTTensors, _ context: inout ConversionContext
  ) throws -> PortableAdapter {
    let file = configuration.file
    let rank = try configuration.int("r") ?? 8
    let alpha = try configuration.double("lora_alpha") ?? 8
    let dropout = try configuration.double("lora_dropout") ?? 0
    let isDoRA = try configuration.bool("use_dora") ?? false
    let rankStabilised = try configuration.bool("use_rslora") ?? false
    let bias = try configuration.string("bias") ?? "none"
    guard bias == "none" else {
      throw ConversionError.unsupported(
        key: "bias", value: "'\(bias)'", reason: "the model's own biases were trained too", file: file)
    }
    if let start = configuration.value("init_lora_weights"), start.bool == nil,
      !["gaussian", "eva"].contains(start.string)
    {
      throw ConversionError.unsupported(
        key: "init_lora_weights", value: start.text, reason: "it changes the weights of the model itself", file: file)
    }
    let targets = try PEFTTargets(&configuration)
    let patterns = try PEFTPatterns(&configuration)
    var maps: [LowRankAdapter.Map] = []
    for name in tensors.names where name.hasPrefix(prefix) && name.hasSuffix(".lora_A.weight") {
      let path = String(name.dropFirst(prefix.count).dropLast(".lora_A.weight".count))
      guard let site = context.paths.site(of: path) else {
        if context.paths.isWithoutSite(path) {
          throw ConversionError.unsupported(
            key: name, value: "a change of '\(path)'",
            reason: "this map writes no activation of its own, but several at once or none",
            file: tensors.file)
        }
        continue
      }
      let A = try tensors.take(name, rank: 2, as: "A")
      let B = try tensors.take("\(prefix)\(path).lora_B.weight", rank: 2, as: "B")
      let other = try patterns.values(for: path)
      let expected = other.rank ?? rank
      guard A.shape[0] == expected, B.shape[1] == expected else {
        throw ConversionError.tensorShape(
          name: name, expected: "[\(expected), in], as adapter_config.json has the rank", got: A.shape,
          file: tensors.file)
      }
      var magnitude: PlainTensor?
      if isDoRA {
        let place = "\(prefix)\(path).lora_magnitude_vector"
        magnitude =
          try tensors.take(ifPresent: place, as: "magnitude")
          ?? tensors.take("\(place).weight", rank: 1, as: "magnitude")
      }
      maps.append(.init(site: site, A: A, B: B, magnitude: magnitude, alpha: other.alpha ?? alpha))
      let parts =
        [("lora_A.weight", "A"), ("lora_B.weight", "B")] + (isDoRA ? [("lora_magnitude_vector", "magnitude")] : [])
      for (theirs, ours) in parts { context.report.map("\(prefix)\(path).\(theirs)", to: "\(site).\(ours)") }
    }
    guard !maps.isEmpty else {
      throw ConversionError.malformed(
        problem: "no tensor '\(prefix)...lora_A.weight' is of this model", file: tensors.file)
    }
    let found = Set(maps.map(\.site))
    for path in context.paths.all {
      guard let site = context.paths.site(of: path), !found.contains(site) else { continue }
      if targets.contains(path, layer: site.layer) {
        throw ConversionError.missingTensor(name: "\(prefix)\(path).lora_A.weight", file: tensors.file)
      }
    }
    for key in ["r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern"] {
      context.report.map("adapter_config.json: \(key)", to: "settings")
    }
    return LowRankAdapter(
      maps, isDoRA: isDoRA, rank: rank, alpha: alpha, dropout: dropout, rankStabilised: rankStabilised
    ).portable(for: context.model)
  }

  static func encoded(
    _ adapter: PortableAdapter, _ context: inout ConversionContext
  ) throws -> (configuration: JSONObject, tensors: [PlainTensor]) {
    guard let lowRank = try LowRankAdapter(adapter, layers: context.model.shape.layers) else { return ([:], []) }
    var tensors: [PlainTensor] = []
    var ranks: JSONObject = [:]
    var alphas: JSONObject = [:]
    for map in lowRank.maps {
      guard let path = context.paths.path(of: map.site) else {
        throw ConversionError.notExpressible(
          format: PEFTFormat.name, what: map.site.description, reason: "the model has no linear map of its own there")
      }
      let parts =
        [("A", "lora_A.weight", map.A), ("B", "lora_B.weight", map.B)]
        + (map.magnitude.map { [("magnitude", "lora_magnitude_vector", $0)] } ?? [])
      for (ours, theirs, tensor) in parts {
        let name = "\(prefix)\(path).\(theirs)"
        tensors.append(tensor.named(name))
        context.report.map("\(map.site).\(ours)", to: name)
      }
      if map.rank != lowRank.rank { ranks[path] = .integer(map.rank) }
      if map.alpha != lowRank.alpha { alphas[path] = Self.number(map.alpha) }
    }
    let (targets, layers) = PEFTNames.targets(lowRank.maps.map(\.site), context)
    return (
      [
        "alpha_pattern": .object(alphas), "bias": "none", "fan_in_fan_out": false, "init_lora_weights": true,
        "layer_replication": .null, "layers_pattern": .null, "layers_to_transform": layers, "loftq_config": [:],
        "lora_alpha": Self.number(lowRank.alpha), "lora_dropout": .number(lowRank.dropout), "megatron_config": .null,
        "megatron_core": "megatron.core", "modules_to_save": .null, "peft_type": "LORA", "r": .integer(lowRank.rank),
        "rank_pattern": .object(ranks), "target_modules": targets, "use_dora": .bool(lowRank.isDoRA),
        "use_rslora": .bool(lowRank.rankStabilised),
      ], tensors
    )
  }

  /// Whole numbers as such, as people write alphas.
  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}

/// How a configuration of peft names sites.
enum PEFTNames {
  /// `target_modules` and `layers_to_transform` for sites of linear maps: ends of paths where they say it, else whole paths.
  static func targets(_ sites: [Site], _ context: ConversionContext) -> (modules: JSONValue, layers: JSONValue) {
    let components = Dictionary(grouping: sites, by: \.component).mapValues { Set($0.map(\.layer)) }
    guard let layers = components.values.first, components.values.allSatisfy({ $0 == layers }) else {
      return (.array(sites.compactMap { context.paths.path(of: $0).map { .string($0) } }), .null)
    }
    let names = components.keys.sorted().compactMap { component in
      layers.min().flatMap { context.paths.name(of: Site(layer: $0, component: component)) }
    }
    let isWhole = layers.count == context.model.shape.layers
    return (.array(names.map { .string($0) }), isWhole ? .null : .array(layers.sorted().map { .integer($0) }))
  }
}
