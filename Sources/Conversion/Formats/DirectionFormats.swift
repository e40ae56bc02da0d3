import Checkpoints
import Interventions
import JSON
import LanguageModels

/// A control vector of repeng and llama.cpp, in GGUF.
public enum ControlVectorFormat: AdapterFormat {
  public static let name = "control-vector"
  public static let summary = "GGUF of repeng and llama.cpp: a direction a layer, added to the blocks' outputs"

  public static func detects(_ path: String) -> Bool { Files.isFile(path) && ControlVectorFile.isOne(path) }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let file = try ControlVectorFile(reading: path)
    for key in file.leftover { context.report.note(leftover: key, "metadata that are not read") }
    return try Directions.read(file.directions, of: file.modelHint, path, &context)
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    let directions = try Directions.encoded(adapter, format: name, &context)
    if directions[0] != nil {
      context.report.note(unsaid: "layer 0", "llama.cpp leaves out its direction; repeng does not")
    }
    let file = ControlVectorFile(modelHint: context.base.modelType, directions: directions)
    return EncodedAdapter { path, overwrite in try file.write(to: path, overwrite: overwrite) }
  }
}

/// A steering vector of IBM's activation-steering, in JSON.
public enum SvecFormat: AdapterFormat {
  public static let name = "svec"
  public static let summary = ".svec of activation-steering: a direction a layer, added to the blocks' outputs"

  public static func detects(_ path: String) -> Bool {
    Files.isFile(path) && path.hasSuffix(".svec")
  }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let file = try SteeringVectorFile(reading: path)
    for key in file.leftover { context.report.note(leftover: key, "a member that is not read") }
    if !file.explainedVariances.isEmpty {
      context.report.note(unused: "explained_variances", "what they say acts nowhere")
    }
    return try Directions.read(file.directions, of: file.modelType, path, &context)
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    let file = SteeringVectorFile(
      modelType: context.base.modelType, directions: try Directions.encoded(adapter, format: name, &context))
    return EncodedAdapter { path, overwrite in try file.write(to: path, overwrite: overwrite) }
  }
}

/// Steering at the outputs of blocks, as formats of one direction a layer have it.
private enum Directions {
  static func read(
    _ directions: [Int: [Float]], of modelType: String, _ path: String, _ context: inout ConversionContext
  ) throws -> PortableAdapter {
    if modelType != context.base.modelType {
      context.report.note(leftover: "model type", "it was made for '\(modelType)', this is '\(context.base.modelType)'")
    }
    let text = context.setting("coefficient", default: "1")
    guard let coefficient = Double(text), coefficient.isFinite else {
      throw ConversionError.setting(key: "coefficient", expected: "a number", got: "'\(text)'")
    }
    let shape = context.model.shape
    let parts = try directions.map { layer, direction in
      guard layer < shape.layers, direction.count == shape.hidden else {
        throw ConversionError.tensorShape(
          name: "direction.\(layer)", expected: "[\(shape.hidden)], for \(shape.layers) layers", got: [direction.count],
          file: path)
      }
      let plain = PlainTensor("vector", [direction.count], direction)
      try plain.named("direction.\(layer)").checkFinite(path)
      return PortableAdapter.Part(Site(layer: layer, component: .blockOutput), [plain])
    }
    for layer in directions.keys.sorted() {
      context.report.map("direction.\(layer)", to: "\(layer).block_output.vector")
    }
    return PortableAdapter(
      method: "steering", settings: ["coefficient": .number(coefficient)], at: .all, parts: parts, in: context.model)
  }

  static func encoded(
    _ adapter: PortableAdapter, format: String, _ context: inout ConversionContext
  ) throws -> [Int: [Float]] {
    let settings = adapter.plan.settings
    guard adapter.plan.method == "steering", settings["operator"]?.string ?? "add" == "add", adapter.positions == .all
    else {
      throw ConversionError.notExpressible(
        format: format, what: "\(adapter.plan.method) at \(adapter.plan.locations.line)",
        reason: "it has plain addition at every position")
    }
    var directions: [Int: [Float]] = [:]
    for part in adapter.parts {
      guard part.site.component == .blockOutput, let vector = part["vector"] else {
        throw ConversionError.notExpressible(
          format: format, what: part.site.description, reason: "its directions act on the outputs of blocks")
      }
      directions[part.site.layer] = vector.values
      context.report.map("\(part.key).vector", to: "direction.\(part.site.layer)")
      for name in ["sigma", "centre"] where part[name] != nil {
        context.report.note(unused: "\(part.key).\(name)", "of use in readings alone")
      }
    }
    context.report.note(unsaid: "coefficient", settings["coefficient"]?.text ?? "1")
    if settings["normalise"]?.bool == true { context.report.note(unsaid: "normalize", "true") }
    return directions
  }
}
