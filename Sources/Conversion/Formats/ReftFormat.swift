import Checkpoints
import Interventions
import JSON
import LanguageModels
import Tensors

/// Our own folder: `adapter.json` and `adapter.safetensors`.
public enum ReftFormat: AdapterFormat {
  public static let name = "reft"
  public static let summary = "adapter.json and adapter.safetensors: every method"

  public static func detects(_ path: String) -> Bool { Files.has("adapter.json", in: path) }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let (adapter, description) = try Adapter.load(
      path, for: context.model, base: context.base, checkingWeights: context.checkingWeights)
    var keys: Set<String> = []
    let parts = try adapter.parts.map { part in
      let own = PortableAdapter.Part(
        part.target.site, heads: part.target.heads, side: part.side, try part.intervention.saved().map { try $0.plain })
      guard keys.insert(own.key).inserted, own.key == part.key else {
        throw ConversionError.unsupported(
          key: "locations", value: "'\(description.plan.locations.line)'",
          reason: "two of them edit \(own.key), and other formats know one edit a place", file: path)
      }
      return own
    }
    return PortableAdapter(adapter.plan, parts, origin: description)
  }

  public static func encoded(
    _ adapter: PortableAdapter, _ context: inout ConversionContext
  ) throws -> EncodedAdapter {
    let restored = try restored(adapter, for: context.model, source: context.report.source)
    let description: AdapterDescription
    if let origin = adapter.origin {
      description = origin
    } else {
      let given = context.report.missing.map { ($0.key, JSONValue.string($0.text)) }
      var training: JSONObject = ["converted_from": .string(context.report.source)]
      for (key, text) in given { training[key] = text }
      description = AdapterDescription(
        plan: restored.plan, base: context.base, parameterCount: restored.parameterCount, seed: 0, training: training)
    }
    if context.report.mapped.isEmpty {
      for part in adapter.parts {
        for tensor in part.tensors {
          context.report.map("\(part.key).\(tensor.name)", to: "\(part.key).\(tensor.name)")
        }
      }
    }
    let tensors = try restored.saved().map { try $0.writable() }
    return EncodedAdapter(
      folder: [
        ("adapter.json", { try TextFile.write(JSONValue.object(description.json).prettyText, to: $0) }),
        ("adapter.safetensors", { try SafetensorsWriter.write(to: $0, tensors: tensors) }),
      ], marks: ["adapter.json"])
  }

  /// The adapter as the methods have it, which checks every tensor's name and shape against the model.
  static func restored(
    _ adapter: PortableAdapter, for model: any LanguageModel, source: String
  ) throws -> Adapter {
    let tensors = try adapter.parts.flatMap { part in
      try part.tensors.map { NamedTensor("\(part.key).\($0.name)", try Tensor($0.values, shape: $0.shape)) }
    }
    return try Adapter(
      adapter.plan, of: InterventionRegistry.standard.method(adapter.plan.method), for: model, restoring: tensors,
      source: source)
  }
}
