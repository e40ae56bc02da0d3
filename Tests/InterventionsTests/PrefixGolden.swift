import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// The goldens of scripts/goldens/virtual_tokens.py, whose tensors have peft's names.
struct PrefixGolden {
  let golden: Golden
  private let name: String

  init(_ name: String) throws {
    self.name = name
    golden = try Golden(name)
  }

  private var plan: Adapter.Plan {
    get throws {
      switch name {
      case "prompt_tuning":
        .init(method: name, settings: ["tokens": 4], locations: try Location.list(parsing: "0.block_input"))
      case "prefix_tuning":
        .init(method: name, settings: ["tokens": 3], locations: try Location.list(parsing: "all.key;all.value"))
      default:
        .init(
          method: "prefix_tuning", settings: ["tokens": 3, "reparametrised": true, "width": 10],
          locations: try Location.list(parsing: "all.key;all.value"))
      }
    }
  }

  /// The slice of layer and side in what peft keeps as one: keys and values of layer 0, those of layer 1, ...
  private func slice(_ key: String, _ model: any LanguageModel) -> Range<Int> {
    let width = model.shape.width(of: .key)
    let layer = Int(key.prefix { $0 != "." }) ?? 0
    let first = (2 * layer + (key.hasSuffix(".value") ? 1 : 0)) * width
    return first..<first + width
  }

  /// peft's initial tensors under our names.
  func tensors(for model: any LanguageModel) throws -> [NamedTensor] {
    func start(_ name: String) throws -> Tensor { try golden.tensor("start.\(name)") }
    if name == "prompt_tuning" { return [NamedTensor("0.block_input.rows", try start("embedding.weight"))] }
    var tensors: [NamedTensor] = []
    for key in ["key", "value"].flatMap({ side in (0..<model.shape.layers).map { "\($0).\(side)" } }) {
      let slice = slice(key, model)
      if name == "prefix_tuning" {
        tensors.append(NamedTensor("\(key).rows", try start("embedding.weight").narrowed(1, slice)))
        continue
      }
      if key == "0.key" {
        tensors.append(NamedTensor("\(key).embedding", try start("embedding.weight")))
        tensors.append(NamedTensor("\(key).hidden_weight", try start("transform.0.weight")))
        tensors.append(NamedTensor("\(key).hidden_bias", try start("transform.0.bias")))
      }
      tensors.append(NamedTensor("\(key).weight", try start("transform.2.weight").narrowed(0, slice)))
      tensors.append(NamedTensor("\(key).bias", try start("transform.2.bias").narrowed(0, slice)))
    }
    return tensors
  }

  func adapter(for model: any LanguageModel) throws -> Adapter {
    try golden.adapter(plan, for: model, restoring: tensors(for: model))
  }

  /// Something of every parameter, under peft's names and in its layout.
  func named(
    _ adapter: Adapter, _ model: any LanguageModel, _ value: (Tensor) throws -> Tensor
  ) throws -> [NamedTensor] {
    let values = Dictionary(
      try adapter.parameters.map { ($0.name, try value($0.tensor)) }, uniquingKeysWith: { $1 })
    func joined(_ name: String, along dimension: Int) throws -> Tensor {
      let keys = (0..<model.shape.layers).flatMap { ["\($0).key", "\($0).value"] }
      return try Tensor.concatenated(try keys.map { try #require(values["\($0).\(name)"]) }, along: dimension)
    }
    switch name {
    case "prompt_tuning": return [NamedTensor("embedding.weight", try #require(values["0.block_input.rows"]))]
    case "prefix_tuning": return [NamedTensor("embedding.weight", try joined("rows", along: 1))]
    default:
      return [
        NamedTensor("embedding.weight", try #require(values["0.key.embedding"])),
        NamedTensor("transform.0.weight", try #require(values["0.key.hidden_weight"])),
        NamedTensor("transform.0.bias", try #require(values["0.key.hidden_bias"])),
        NamedTensor("transform.2.weight", try joined("weight", along: 0)),
        NamedTensor("transform.2.bias", try joined("bias", along: 0)),
      ]
    }
  }

  /// The logits of a row that is a prompt as a whole.
  func logits(_ row: Int, _ model: any LanguageModel, _ adapter: Adapter) throws -> Tensor {
    try model.rowLogits(.init(tokens: golden.ids("ids.\(row)")), adapter)
  }

  /// The golden's run; the loss before each step.
  func train(_ adapter: Adapter, _ model: any LanguageModel) throws -> [Float] {
    let optimizer = try golden.facts.reader("optimizer")
    let rate = try optimizer.double("lr")
    return try adapter.descend(steps: optimizer.int("steps"), rate: { _ in rate }) { _ in
      let loss = try model.responseLoss(golden.sequences, adapter)
      return (loss, try loss.item())
    }
  }
}
