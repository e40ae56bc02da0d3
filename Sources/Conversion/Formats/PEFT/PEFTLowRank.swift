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
      let sites: [Site]
      let fused = context.paths.fused(at: path)
      if let fused {
        sites = fused.parts.map(\.site)
      } else if let site = context.paths.site(of: path) {
        sites = [site]
      } else if context.paths.isWithoutSite(path) {
        throw ConversionError.unsupported(
          key: name, value: "a change of '\(path)'", reason: "this module writes no activation that is edited here",
          file: tensors.file)
      } else {
        continue
      }
      let A = try tensors.take(name, rank: 2, as: "A")
      let B = try tensors.take("\(prefix)\(path).lora_B.weight", rank: 2, as: "B")
      let other = try patterns.values(for: path)
      let expected = other.rank ?? rank
      guard A.shape[0] == expected, B.shape[1] == expected, fused.map({ $0.outputs == B.shape[0] }) ?? true else {
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
        guard magnitude?.shape == [B.shape[0]] else {
          throw ConversionError.tensorShape(
            name: place, expected: "[\(B.shape[0])]", got: magnitude?.shape ?? [], file: tensors.file)
        }
      }
      let parts =
        [("lora_A.weight", "A"), ("lora_B.weight", "B")] + (isDoRA ? [("lora_magnitude_vector", "magnitude")] : [])
      for (i, site) in sites.enumerated() {
        maps.append(
          .init(
            site: site, A: A, B: fused?.rows(i, of: B) ?? B, magnitude: magnitude.map { fused?.rows(i, of: $0) ?? $0 },
            alpha: other.alpha ?? alpha))
        for (theirs, ours) in parts { context.report.map("\(prefix)\(path).\(theirs)", to: "\(site).\(ours)") }
      }
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
    for map in context.paths.fused where targets.contains(map.path, layer: map.layer) {
      guard map.parts.allSatisfy({ found.contains($0.site) }) else {
        throw ConversionError.missingTensor(name: "\(prefix)\(map.path).lora_A.weight", file: tensors.file)
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
    let modules = try modules(of: lowRank, context)
    for (path, _, map, sites) in modules {
      let parts =
        [("A", "lora_A.weight", map.A), ("B", "lora_B.weight", map.B)]
        + (map.magnitude.map { [("magnitude", "lora_magnitude_vector", $0)] } ?? [])
      for (ours, theirs, tensor) in parts {
        let name = "\(prefix)\(path).\(theirs)"
        tensors.append(tensor.named(name))
        for site in sites { context.report.map("\(site).\(ours)", to: name) }
      }
      if map.rank != lowRank.rank { ranks[path] = .integer(map.rank) }
      if map.alpha != lowRank.alpha { alphas[path] = Self.number(map.alpha) }
    }
    let (targets, layers) = PEFTNames.targets(modules.map { ($0.path, $0.layer) }, context)
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

  private typealias Module = (path: String, layer: Int, map: LowRankAdapter.Map, sites: [Site])

  /// The maps by modules of the model: those of a fused one are joined, which takes one A and one alpha.
  private static func modules(of adapter: LowRankAdapter, _ context: ConversionContext) throws -> [Module] {
    var modules: [Module] = []
    var joined: Set<String> = []
    for map in adapter.maps {
      if let path = context.paths.path(of: map.site) {
        modules.append((path, map.site.layer, map, [map.site]))
        continue
      }
      guard let fused = context.paths.fused.first(where: { $0.parts.contains { $0.site == map.site } }) else {
        throw ConversionError.notExpressible(
          format: PEFTFormat.name, what: map.site.description, reason: "the model has no linear map of its own there")
      }
      guard joined.insert(fused.path).inserted else { continue }
      let parts = fused.parts.map { part in adapter.maps.first { $0.site == part.site } }
      let present = parts.compactMap { $0 }
      guard present.allSatisfy({ $0.A == map.A && $0.alpha == map.alpha }),
        !adapter.isDoRA || present.count == parts.count, let B = fused.joined(parts.map { $0?.B })
      else {
        throw ConversionError.notExpressible(
          format: PEFTFormat.name, what: "different changes of the parts of '\(fused.path)'",
          reason: "the model has one map there, and peft one A and one alpha for it")
      }
      let magnitude = fused.joined(parts.map { $0?.magnitude })
      modules.append(
        (
          fused.path, fused.layer, .init(site: map.site, A: map.A, B: B, magnitude: magnitude, alpha: map.alpha),
          present.map(\.site)
        ))
    }
    return modules
  }

  /// Whole numbers as such, as people write alphas.
  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}

/// How a configuration of peft names sites.
enum PEFTNames {
  /// `target_modules` and `layers_to_transform` for modules: ends of paths where they say it, else whole paths.
  static func targets(
    _ modules: [(path: String, layer: Int)], _ context: ConversionContext
  ) -> (modules: JSONValue, layers: JSONValue) {
    var names: [String] = []
    var layers: [String: Set<Int>] = [:]
    for (path, layer) in modules {
      let name = context.paths.name(of: path) ?? path
      if layers[name] == nil { names.append(name) }
      layers[name, default: []].insert(layer)
    }
    guard let all = layers.values.first, layers.values.allSatisfy({ $0 == all }) else {
      return (.array(modules.map { .string($0.path) }), .null)
    }
    let isWhole = all.count == context.model.shape.layers
    return (.array(names.map { .string($0) }), isWhole ? .null : .array(all.sorted().map { .integer($0) }))
  }
}
