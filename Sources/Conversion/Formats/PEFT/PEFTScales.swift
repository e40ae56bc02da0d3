import Interventions
import JSON
import LanguageModels

/// peft's `IA3`: a vector `ia3_l` beside a linear map, `[out, 1]` for its output or `[1, in]` for its input.
enum PEFTScales {
  private static let prefix = "base_model.model."

  static func read(
    _ configuration: inout PEFTConfiguration, _ tensors: inout PEFTTensors, _ context: inout ConversionContext
  ) throws -> PortableAdapter {
    let targets = try PEFTTargets(&configuration)
    _ = configuration.value("feedforward_modules")  // the shapes say which they are
    var parts: [PortableAdapter.Part] = []
    var found: Set<Site> = []
    for name in tensors.names where name.hasPrefix(prefix) && name.hasSuffix(".ia3_l") {
      let path = String(name.dropFirst(prefix.count).dropLast(".ia3_l".count))
      guard let map = context.paths.site(of: path) else { continue }
      let tensor = try tensors.take(name, rank: 2, as: "scale")
      let site: Site
      if tensor.shape[1] == 1 {
        site = map
      } else if tensor.shape[0] == 1, map.component == .mlpOutput {
        site = Site(layer: map.layer, component: .mlpActivation)
      } else {
        throw ConversionError.unsupported(
          key: name, value: "a tensor of shape \(tensor.shape)",
          reason: "inputs are scaled before the last projection of the network alone", file: tensors.file)
      }
      found.insert(map)
      parts.append(.init(site, [tensor.reshaped([tensor.values.count])]))
      context.report.map(name, to: "\(site).scale")
    }
    for path in context.paths.all {
      guard let site = context.paths.site(of: path), !found.contains(site), targets.contains(path, layer: nil) else {
        continue
      }
      throw ConversionError.missingTensor(name: "\(prefix)\(path).ia3_l", file: tensors.file)
    }
    return PortableAdapter(method: "ia3", settings: [:], at: .all, parts: parts, in: context.model)
  }

  static func encoded(
    _ adapter: PortableAdapter, _ context: inout ConversionContext
  ) throws -> (configuration: JSONObject, tensors: [PlainTensor]) {
    var tensors: [PlainTensor] = []
    var maps: [(path: String, layer: Int)] = []
    var networks: [(path: String, layer: Int)] = []
    for part in adapter.parts {
      let isInput = part.site.component == .mlpActivation
      let map = isInput ? Site(layer: part.site.layer, component: .mlpOutput) : part.site
      guard let path = context.paths.path(of: map), let scale = part["scale"],
        !maps.contains(where: { $0.path == path })
      else {
        throw ConversionError.notExpressible(
          format: PEFTFormat.name, what: part.site.description,
          reason: "the model has no linear map of its own there, or one that is scaled at both ends")
      }
      maps.append((path, map.layer))
      if isInput { networks.append((path, map.layer)) }
      let count = scale.values.count
      let name = "\(prefix)\(path).ia3_l"
      tensors.append(scale.reshaped(isInput ? [1, count] : [count, 1]).named(name))
      context.report.map("\(part.key).scale", to: name)
    }
    let (modules, layers) = PEFTNames.targets(maps, context)
    // (IA)3 has no list of layers: whole paths say it.
    let isWhole = layers.isNull
    func names(_ modules: [(path: String, layer: Int)], _ short: JSONValue) -> JSONValue {
      isWhole ? short : .array(modules.map { .string($0.path) })
    }
    return (
      [
        "fan_in_fan_out": false, "feedforward_modules": names(networks, PEFTNames.targets(networks, context).modules),
        "init_ia3_weights": true, "modules_to_save": .null, "peft_type": "IA3", "target_modules": names(maps, modules),
      ], tensors
    )
  }
}
