import ArgumentParser
import Checkpoints
import Interventions
import LanguageModels
import ModelHub
import Pretrained
import Tensors
import Tokenization

/// Which model, and where it runs.
struct ModelOptions: ParsableArguments {
  @Option(help: "A folder in Hugging Face layout, a .gguf file, or a name of the Hub: org/name, org/name/file.gguf.")
  var model: String

  @Option(help: "cpu, cuda, cuda:N, or auto: a GPU where there is one.")
  var device = "auto"

  @Option(help: "What is computed in: float32, bfloat16, or auto: bfloat16 on a GPU, float32 on the CPU.")
  var dtype = "auto"

  @Option(help: "CPU threads (default: all cores).")
  var threads: Int?

  /// Opens the model with a progress bar.
  ///
  /// - Parameters:
  ///   - needed: the only compute type that will do, whatever `auto` would be.
  ///   - weights: a form of matrices by its name, or `auto`.
  func open(as needed: DType? = nil, weights: String = "plain") throws -> PretrainedModel {
    if let threads { Engine.threads = threads }
    if let needed, dtype != "auto", dtype != needed.rawValue {
      throw InputError.usage(problem: "this is done in \(needed) alone, not in '\(dtype)'", remedy: "leave out --dtype")
    }
    return try PretrainedModel.opened(model, device: device, dtype: needed?.rawValue ?? dtype, weights: weights)
  }
}

extension PretrainedModel {
  static func opened(
    _ source: String, device: String, dtype: String, weights: String = "plain"
  ) throws -> PretrainedModel {
    let device = try Device.resolve(device)
    let dtype = try DType.resolve(dtype, on: device)
    let weights = try WeightForm.resolve(weights, on: device, dtype: dtype)
    let meter = ModelMeter()
    let model = try PretrainedModel.open(
      source, device: device, dtype: dtype, weights: weights, downloading: meter.downloaded, progress: meter.loaded)
    meter.finish()
    return model
  }

  /// What adapters trained on this model remember of it.
  var base: BaseModel {
    get throws {
      var base = try BaseModel(of: checkpoint, model)
      // The name that other machines know, not the place in this machine's cache.
      base.source = source
      return base
    }
  }
}
