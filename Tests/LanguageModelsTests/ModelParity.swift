import Checkpoints
import Foundation
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// A tiny model beside what transformers computes with it.
struct ModelParity {
  let golden: Golden
  let model: any LanguageModel
  /// The sequences of the golden, with their segments.
  let sequences: [TokenBatch.Sequence]

  init(_ name: String) throws {
    let golden = try Golden(name)
    self.golden = golden
    model = try TinyModel.load(name)
    sequences = try (0...).prefix { golden.has("ids.\($0)") }.map { i in
      let types = golden.has("token_type_ids.\(i)") ? try golden.ids("token_type_ids.\(i)") : []
      return .init(tokens: try golden.ids("ids.\(i)"), types: types)
    }
  }

  /// What the golden keeps of a sequence: its logits, or hidden states where the model scores no vocabulary.
  func outputName(_ sequence: Int) -> String { model.scoresVocabulary ? "logits.\(sequence)" : "hidden.\(sequence)" }

  /// The logits of all rows, or the hidden states where the model scores no vocabulary.
  func output(
    of sequences: [TokenBatch.Sequence], tap: Tap = .none, cache: KVCache? = nil, of other: (any LanguageModel)? = nil
  ) throws -> Tensor {
    let model = other ?? model
    let hidden = try model.hidden(TokenBatch(sequences), cache: cache, tap: tap)
    return model.scoresVocabulary ? try model.logits(hidden) : hidden
  }

  /// Whether the golden of a model holds a tensor; a golden that cannot be read fails in the test that needs it.
  static func has(_ tensor: String, _ name: String) -> Bool { (try? Golden(name).has(tensor)) ?? true }
}

// MARK: - Changes of config.json that must show

extension ModelParity {
  /// A change of config.json under which transformers computes other numbers.
  struct Control: CustomTestStringConvertible, Sendable {
    let name: String
    let change: JSONValue
    /// The tensor of the golden that it moves.
    let tensor: String

    var testDescription: String { "\(name) with \(change.text)" }

    /// The model that the changed folder holds.
    func model(in scratch: ScratchFolder) throws -> any LanguageModel {
      let folder = Golden.folder(name)
      let text = try readText("\(folder)/config.json")
      let changed = try JSONValue(parsing: text, source: name).merged(with: change)
      try scratch.write("config.json", changed.prettyText)
      try FileManager.default.createSymbolicLink(
        atPath: scratch("model.safetensors"), withDestinationPath: "\(folder)/model.safetensors")
      return try ModelRegistry.standard.model(from: .open(scratch.path))
    }
  }

  /// The controls of a golden.
  static func controls(_ name: String) -> [Control] {
    let listed = try? Golden(name).facts.array(ifPresent: "controls")
    return (listed ?? []).compactMap { entry in
      guard let change = entry["change"], let tensor = entry["tensor"]?.string else { return nil }
      return Control(name: name, change: change, tensor: tensor)
    }
  }
}

extension JSONValue {
  /// This value with a change laid over it: objects are merged, all else is replaced.
  func merged(with change: JSONValue) -> JSONValue {
    guard case .object(var old) = self, case .object(let new) = change else { return change }
    for (key, value) in new { old[key] = old[key]?.merged(with: value) ?? value }
    return .object(old)
  }
}

// MARK: - Edits

/// Cuts the graph and takes up the gradient at its place.
final class Leaf: ActivationEdit {
  private(set) var tensor: Tensor?

  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    let leaf = try activation.detached().cloned()
    try leaf.setRequiresGradient(true)
    tensor = leaf
    return leaf
  }
}

extension Site {
  /// What the scripts call this activation.
  var goldenName: String {
    let name =
      switch component {
      case .blockInput: "input"
      case .attentionInput, .mlpInput, .mlpGate, .mlpUp: component.rawValue
      case .query: "query"
      case .key: "key"
      case .value: "value"
      case .headOutput: "head_output"
      case .attentionOutput: "attention_output"
      case .mlpActivation: "mlp_activation"
      case .mlpOutput: "mlp_output"
      case .blockOutput: "output"
      }
    return "blocks.\(layer).\(name)"
  }
}
