import Interventions
import JSON
import LanguageModels

/// peft's `PREFIX_TUNING` and `PROMPT_TUNING`: one tensor `prompt_embeddings`.
enum PEFTPrompts {
  private static let tensor = "prompt_embeddings"

  private static func rows(
    _ configuration: inout PEFTConfiguration, _ tensors: inout PEFTTensors, width: Int
  ) throws -> PlainTensor {
    let rows = try tensors.take(tensor, rank: 2, as: "rows")
    let count = try configuration.int("num_virtual_tokens") ?? rows.shape[0]
    guard rows.shape == [count, width] else {
      throw ConversionError.tensorShape(
        name: tensor, expected: "[\(count), \(width)]", got: rows.shape, file: tensors.file)
    }
    if let modules = try configuration.int("num_transformer_submodules"), modules != 1 {
      throw ConversionError.unsupported(
        key: "num_transformer_submodules", value: "\(modules)",
        reason: "models of an encoder and a decoder are not read",
        file: configuration.file)
    }
    return rows
  }

  /// `[n, 2 L kvWidth]`: key and value of each layer by turns.
  static func readPrefix(
    _ configuration: inout PEFTConfiguration, _ tensors: inout PEFTTensors, _ context: inout ConversionContext
  ) throws -> PortableAdapter {
    let shape = context.model.shape
    let width = shape.width(of: .key)
    let rows = try rows(&configuration, &tensors, width: 2 * shape.layers * width)
    var settings: JSONObject = ["tokens": .integer(rows.shape[0])]
    if try configuration.bool("prefix_projection") == true {
      settings["reparametrised"] = true
      if let hidden = try configuration.int("encoder_hidden_size") { settings["width"] = .integer(hidden) }
    } else {
      _ = try configuration.int("encoder_hidden_size")
    }
    var parts: [PortableAdapter.Part] = []
    for layer in 0..<shape.layers {
      for (place, component) in [Component.key, .value].enumerated() {
        let begin = (2 * layer + place) * width
        var values: [Float] = []
        for row in 0..<rows.shape[0] {
          let start = row * rows.shape[1] + begin
          values += rows.values[start..<start + width]
        }
        let site = Site(layer: layer, component: component)
        parts.append(.init(site, [PlainTensor("rows", [rows.shape[0], width], values)]))
        context.report.map("\(tensor)[:, \(begin)..<\(begin + width)]", to: "\(site).rows")
      }
    }
    return PortableAdapter(method: "prefix_tuning", settings: settings, at: .all, parts: parts, in: context.model)
  }

  /// `[n, d]`: rows of the embedding.
  static func readPrompt(
    _ configuration: inout PEFTConfiguration, _ tensors: inout PEFTTensors, _ context: inout ConversionContext
  ) throws -> PortableAdapter {
    let rows = try rows(&configuration, &tensors, width: context.model.shape.hidden)
    context.report.map(tensor, to: "0.block_input.rows")
    return PortableAdapter(
      method: "prompt_tuning", settings: ["tokens": .integer(rows.shape[0]), "start": "random"], at: .all,
      parts: [.init(Site(layer: 0, component: .blockInput), [rows])], in: context.model)
  }

  static func encodedPrefix(
    _ adapter: PortableAdapter, _ context: inout ConversionContext
  ) throws -> (configuration: JSONObject, tensors: [PlainTensor]) {
    let shape = context.model.shape
    let width = shape.width(of: .key)
    let count = adapter.parts.first?["rows"]?.shape[0] ?? 0
    let line = 2 * shape.layers * width
    var values = [Float](repeating: 0, count: count * line)
    var found = 0
    for part in adapter.parts {
      guard let rows = part["rows"], [.key, .value].contains(part.site.component), rows.shape == [count, width] else {
        continue
      }
      found += 1
      let begin = (2 * part.site.layer + (part.site.component == .value ? 1 : 0)) * width
      for row in 0..<count {
        values.replaceSubrange(
          row * line + begin..<row * line + begin + width, with: rows.values[row * width..<(row + 1) * width])
      }
      context.report.map("\(part.key).rows", to: "\(tensor)[:, \(begin)..<\(begin + width)]")
    }
    guard found == 2 * shape.layers else {
      throw ConversionError.notExpressible(
        format: PEFTFormat.name, what: "'\(adapter.plan.locations.line)'",
        reason: "its prefix stands before keys and values of every layer")
    }
    let settings = JSONReader(adapter.plan.settings, source: "the adapter's settings")
    let isProjected = try settings.bool(ifPresent: "reparametrised") ?? false
    let hidden = try settings.int(ifPresent: "width") ?? width
    return (
      [
        "encoder_hidden_size": isProjected ? .integer(hidden) : .null, "num_attention_heads": .integer(shape.kvHeads),
        "num_layers": .integer(shape.layers), "num_transformer_submodules": 1, "num_virtual_tokens": .integer(count),
        "peft_type": "PREFIX_TUNING", "prefix_projection": .bool(isProjected), "token_dim": .integer(width),
      ], [PlainTensor(tensor, [count, line], values)]
    )
  }

  static func encodedPrompt(
    _ adapter: PortableAdapter, _ context: inout ConversionContext
  ) throws -> (configuration: JSONObject, tensors: [PlainTensor]) {
    guard let part = adapter.parts.first, let rows = part["rows"] else {
      throw ConversionError.missingTensor(name: "0.block_input.rows", file: "the adapter")
    }
    context.report.map("\(part.key).rows", to: tensor)
    if adapter.plan.settings["start"]?.string != "random" {
      context.report.note(unused: "start", "where training began")
    }
    let shape = context.model.shape
    return (
      [
        "num_attention_heads": .integer(shape.heads), "num_layers": .integer(shape.layers),
        "num_transformer_submodules": 1, "num_virtual_tokens": .integer(rows.shape[0]), "peft_type": "PROMPT_TUNING",
        "prompt_tuning_init": "RANDOM", "prompt_tuning_init_text": .null, "token_dim": .integer(shape.hidden),
        "tokenizer_kwargs": .null, "tokenizer_name_or_path": .null,
      ], [rows.named(tensor)]
    )
  }
}
