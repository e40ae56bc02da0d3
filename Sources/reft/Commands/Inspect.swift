import ArgumentParser
import Charts
import Checkpoints
import Foundation
import Interventions
import JSON
import LanguageModels
import ModelHub
import Pretrained

/// `reft inspect`: says what an adapter or a model is.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what an adapter or a model is: sizes, sites, parameters.")

  @Argument(
    help: "An adapter folder, a model folder, a .gguf file, or a name of the Hub: org/name, org/name/file.gguf.")
  var path: String

  @Flag(help: "Load the weights too, and say how long that takes; otherwise no weight is read.")
  var load = false

  @Flag(help: "Print as JSON.")
  var json = false

  func run() throws {
    let isAdapter = FileManager.default.fileExists(atPath: path + "/adapter.json")
    var facts = isAdapter ? try adapter() : try model()
    if json { return Console.print(.object(facts)) }
    let sites = isAdapter ? nil : facts["sites"]?.array
    if sites != nil { facts["sites"] = nil }
    Console.printFacts(facts)
    if let sites { Console.print("\n" + Self.table(sites).render(.plain), terminator: "") }
  }

  /// The sites as people read them: one row a component.
  private static func table(_ sites: [JSONValue]) -> TextTable {
    var table = TextTable([.init("site"), .init("width", .right), .init("heads", .right), .init("folds into")])
    for site in sites {
      table.add([
        site["component"]?.string ?? "", site["width"]?.text ?? "", site["heads"]?.text ?? "",
        site["folds_into"]?.string ?? "",
      ])
    }
    return table
  }

  private func adapter() throws -> JSONObject {
    let folder = try AdapterFolder(opening: path)
    let description = try AdapterDescription(folder.configuration)
    var facts = description.json
    facts["training"] = description.training.count > 0 ? .object(description.training) : nil
    facts["tensors"] = .integer(folder.tensors.count)
    facts["bytes"] = .integer(folder.tensors.reduce(0) { $0 + $1.byteCount })
    return facts
  }

  private func model() throws -> JSONObject {
    let meter = ModelMeter()
    let checkpoint = try Checkpoint.open(
      ModelReference(path).path(needs: .weights, downloading: meter.downloaded))
    meter.finish()
    let registry = ModelRegistry.standard
    let started = ContinuousClock.now
    let model = try load ? registry.model(from: checkpoint, progress: meter.loaded) : registry.outline(of: checkpoint)
    let taken = ContinuousClock.now - started
    meter.finish()
    let shape = model.shape
    var storage: [String: Int] = [:]
    for tensor in checkpoint.tensors { storage[tensor.storage.rawValue, default: 0] += tensor.elementCount }
    var types = JSONObject()
    for (type, count) in storage.sorted(by: { $0.value > $1.value }) { types[type] = .integer(count) }
    var facts: JSONObject = [
      "model_type": .string(try checkpoint.configuration.string("model_type")),
      "parameters": .integer(model.parameterCount), "layers": .integer(shape.layers),
      "hidden": .integer(shape.hidden), "heads": .integer(shape.heads), "kv_heads": .integer(shape.kvHeads),
      "head_dim": .integer(shape.headDim), "intermediate": .integer(shape.intermediate),
      "vocabulary": .integer(shape.vocabulary), "context_length": .integer(shape.contextLength),
      "kind": model.isCausal ? "decoder" : "encoder", "vocabulary_head": .bool(model.scoresVocabulary),
      "sites": .array(model.components.sorted().map { .object(Self.site($0, in: model)) }),
      "stored_elements": .object(types), "fingerprint": .string(checkpoint.fingerprint),
      "chat_template": .bool(checkpoint.chatTemplate != nil),
    ]
    if load { facts["load_seconds"] = .number((taken / .milliseconds(1)).rounded() / 1000) }
    return facts
  }

  /// What can be edited at one component: the last layer's projection stands for those of all.
  private static func site(_ component: Component, in model: any LanguageModel) -> JSONObject {
    var site: JSONObject = [
      "component": .string(component.rawValue), "width": .integer(model.shape.width(of: component)),
    ]
    if component.isPerHead { site["heads"] = .integer(model.shape.heads) }
    if let projection = model.projection(reading: component, layer: model.shape.layers - 1) {
      site["folds_into"] = .string(projection.weightName)
    }
    return site
  }
}
