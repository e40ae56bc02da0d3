import ArgumentParser
import Checkpoints
import Interventions
import LanguageModels
import Pretrained
import Tensors
import Tokenization

/// Which model, and where it runs.
struct ModelOptions: ParsableArguments {
  @Option(help: "A folder in Hugging Face layout or a .gguf file.")
  var model: String

  @Option(help: "cpu, cuda, cuda:N, or auto: a GPU where there is one.")
  var device = "auto"

  @Option(help: "CPU threads (default: all cores).")
  var threads: Int?

  /// Opens the model with a progress bar.
  func open() throws -> PretrainedModel {
    if let threads { Engine.threads = threads }
    return try PretrainedModel.opened(model, device: device)
  }
}

extension PretrainedModel {
  static func opened(_ path: String, device: String) throws -> PretrainedModel {
    let meter = ProgressMeter("loading the model", total: 1, unit: "")
    let model = try PretrainedModel.open(path, device: Device.resolve(device)) { meter.update($0) }
    meter.finish()
    return model
  }

  /// What adapters trained on this model remember of it.
  var base: BaseModel {
    get throws { try BaseModel(of: checkpoint, model) }
  }
}

/// Adapters that act on the model, in order.
struct AdapterOptions: ParsableArguments {
  @Option(help: "An adapter folder; several act one after the other.")
  var adapter: [String] = []

  @Flag(help: "Accept an adapter that was trained on other weights of the same shape.")
  var otherWeights = false

  func open(for model: PretrainedModel) throws -> [Adapter] {
    try adapter.map {
      try Adapter.load($0, for: model.model, base: model.base, checkingWeights: !otherWeights).adapter
    }
  }
}
